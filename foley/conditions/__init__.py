"""What a take can be asked for beside its class: knobs, measured from recordings and from takes by the same code."""
