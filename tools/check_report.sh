#!/usr/bin/env bash
# Pictures of a report page as a browser shows it, to be looked at: 1280 and 400 pixels wide, light and dark, and as printed.
# Says how wide its content is, which must not be wider than the window.
#   tools/check_report.sh REPORT.html [FOLDER]      needs Debian's chromium
set -euo pipefail
page=$(realpath "${1:?usage: tools/check_report.sh REPORT.html [FOLDER]}")
folder=$(realpath -m "${2:-report_pictures}")
mkdir -p "$folder"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

browser() {
  chromium --headless=new --no-sandbox --disable-gpu --hide-scrollbars --allow-file-access-from-files --user-data-dir="$work/profile" \
    --virtual-time-budget=4000 "$@" 2>/dev/null
}

# A window cannot be as narrow as a phone; a frame can.
frame() {  # width, height
  cat >"$work/frame.html" <<HTML
<!DOCTYPE html><style>body{margin:0}iframe{border:0;display:block}</style>
<iframe src="file://$page" width="$1" height="$2"></iframe><p id="size"></p>
<script>onload=()=>{const d=document.querySelector("iframe").contentDocument.documentElement;
document.getElementById("size").textContent="size "+d.scrollWidth+" "+d.scrollHeight;}</script>
HTML
}

status=0
for width in 1280 400; do
  frame "$width" 900
  read -r content height < <(browser --window-size=1400,900 --dump-dom "file://$work/frame.html" | sed -n 's/.*size \([0-9]*\) \([0-9]*\)<.*/\1 \2/p')
  echo "$width wide: content $content wide, $height high"
  [ "$content" -le "$width" ] || { echo "  wider than the window" >&2; status=1; }
  frame "$width" "$height"
  for scheme in light dark; do
    setting=$([ "$scheme" = dark ] && echo 0 || echo 1)
    browser --window-size="$width,$height" --blink-settings="preferredColorScheme=$setting" --screenshot="$folder/$width-$scheme.png" "file://$work/frame.html" >/dev/null
  done
done
browser --no-pdf-header-footer --print-to-pdf="$folder/print.pdf" "file://$page" >/dev/null
echo "pictures in $folder"
exit $status
