"""How takes are listened to: volume, one level for all, and whether they play by themselves."""

LISTENING = """
<form class="listening" data-form="listening" onsubmit="return false" aria-label="Listening">
  <label title="New takes play when they are ready, and takes of the library when ↑ or ↓ comes to them"><input type="checkbox" name="autoplay" checked>Play when ready</label>
  <label title="Every take is played at one loudness, so that the louder one does not win. The files stay as they are"><input type="checkbox" name="level">Even loudness</label>
  <label title="Zoom the time axis (+ and −)"><span>Zoom</span><input type="range" name="zoom" min="1" max="12" step="1" value="1" aria-label="Zoom"></label>
  <label title="Volume of this page ([ and ])"><span>Volume</span><input type="range" name="volume" min="0" max="1" step="0.05" value="1" aria-label="Volume"></label>
</form>
"""  # noqa: E501
