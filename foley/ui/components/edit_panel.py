"""The panel of what can be made from the take at hand: siblings, a region drawn again, a continuation."""

EDITS = """
<form class="panel" data-form="edits" onsubmit="return false" aria-label="From this take">
  <h2>From this take</h2>
  <label class="wide" title="How far a sibling may go: 0 is the take itself, 1 a new one. That share of its codes is drawn anew. Keys Q and Shift+Q">
    <span>Distance</span><input type="range" name="distance" min="0" max="1" step="0.05" value="0.3"><output>0.30</output></label>
  <button type="button" class="wide" data-edit="siblings" title="Draw near relatives of the take at hand, as many as Variations says (S)">More like this <kbd>S</kbd></button>
  <label class="wide" title="How long the take becomes, up to 30 s. Keys W and Shift+W">
    <span>Length</span><input type="range" name="seconds" min="5" max="30" step="1" value="8"><output>8 s</output></label>
  <button type="button" class="wide" data-edit="continue" title="Go on from the end of the take at hand (C)">Continue <kbd>C</kbd></button>
  <button type="button" class="wide" data-edit="region" disabled title="Drag a box over the codes or the CEmbed, or set it at the playhead with I and O; then only that is drawn anew (R)">Draw region again <kbd>R</kbd></button>
</form>
"""  # noqa: E501
