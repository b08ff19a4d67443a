#include "data/report/page_parts.h"

namespace cf {

// Inks i0 to i7 are those of chart.h. Colours of text keep a contrast of 4.5 to 1 in both schemes.
const std::string_view kPageStyle = R"css(
:root{color-scheme:light dark;--bg:#f5f6f7;--card:#fff;--ink:#182026;--muted:#55606a;--line:#dde2e6;--soft:#eef1f4;
--accent:#0b5c98;--warn:#8a4b00;--warnbg:#fff6e5;--i0:#0b66ad;--i1:#c4540c;--i2:#69737c;--i3:#00795a;--i4:#a0367f;--i5:#7d6100;
--i6:#5a4fcf}
@media (prefers-color-scheme:dark){:root{--bg:#11151a;--card:#191f25;--ink:#e6eaed;--muted:#9ba7b1;--line:#2c353d;
--soft:#222a31;--accent:#7cc0f5;--warn:#ffc56b;--warnbg:#2c2313;--i0:#5fb2f2;--i1:#f39a55;--i2:#98a3ac;--i3:#3fc79c;--i4:#e58cc8;
--i5:#d8b84a;--i6:#a9a1ff}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;scroll-padding-top:1rem}
body{margin:0;background:var(--bg);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",
"Liberation Sans",Arial,sans-serif;overflow-wrap:break-word}
header.page{background:var(--card);border-bottom:1px solid var(--line)}
header.page>div,main,footer{max-width:1180px;margin:0 auto;padding:0 clamp(1rem,3vw,2.25rem)}
header.page>div{padding-top:clamp(1.5rem,4vw,2.75rem);padding-bottom:1.1rem}
.kind{margin:0;color:var(--accent);font-size:.82rem;font-weight:600;letter-spacing:.06em;text-transform:uppercase}
h1{margin:.15rem 0 .35rem;font-size:clamp(1.65rem,4.2vw,2.4rem);line-height:1.15;letter-spacing:-.015em;font-weight:680}
.lead{margin:0;color:var(--muted);max-width:75ch}
nav ul{display:flex;flex-wrap:wrap;gap:.3rem 1.25rem;margin:1.1rem 0 0;padding:0;list-style:none;font-size:.92rem}
a{color:var(--accent);text-decoration:none}
a:hover{text-decoration:underline}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px;border-radius:4px}
main{padding-bottom:1rem}
h2{margin:2.6rem 0 .35rem;font-size:1.45rem;line-height:1.25;letter-spacing:-.01em}
h3{margin:1.9rem 0 .6rem;font-size:1.06rem}
p{margin:.4rem 0 1rem;max-width:80ch}
.intro{color:var(--muted)}
.warning{background:var(--warnbg);border-left:4px solid var(--warn);border-radius:4px;padding:.55rem .9rem;max-width:none}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:.8rem;margin:1.1rem 0}
.cards div,.box,.viewer,figure.chart,details{background:var(--card);border:1px solid var(--line);border-radius:10px}
.cards div{padding:.8rem 1rem .75rem}
.cards dt{color:var(--muted);font-size:.85rem}
.cards dd{margin:0}
.cards .value{font-size:1.75rem;line-height:1.2;font-weight:640;letter-spacing:-.02em;font-variant-numeric:tabular-nums}
.cards .below{color:var(--muted);font-size:.85rem;font-variant-numeric:tabular-nums}
dl{margin:0}
.box{margin:1rem 0;overflow:hidden}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:.92rem;font-variant-numeric:tabular-nums}
.caption{margin:0;padding:.7rem 1rem .55rem;color:var(--muted);font-size:.88rem;max-width:none;
border-bottom:1px solid var(--line)}
th,td{padding:.42rem .8rem;text-align:right;white-space:nowrap;border-top:1px solid var(--line);vertical-align:baseline}
thead th{font-weight:600;color:var(--muted);font-size:.85rem;border-top:0}
th:first-child,.words td,.words th{text-align:left}
th:first-child{padding-left:1rem;position:sticky;left:0;background:var(--card);font-weight:500}
td:last-child,th:last-child{padding-right:1rem}
tbody tr:hover>*{background:var(--soft)}
.words td{white-space:normal;min-width:9rem}
td small,th small{display:block;color:var(--muted);font-size:.82rem;font-weight:400}
abbr{text-decoration:none;cursor:help}
.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,440px),1fr));gap:0 2.2rem;padding:.45rem 1rem .6rem}
.facts .wide{grid-column:1/-1}
.facts div{display:grid;grid-template-columns:9.5rem minmax(0,1fr);gap:.8rem;padding:.36rem 0;border-bottom:1px solid var(--line);
font-size:.93rem}
.facts dt{color:var(--muted)}
.facts dd{margin:0;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
details{margin:.8rem 0}
summary{cursor:pointer;padding:.6rem 1rem;font-weight:550}
details .box{border:0;border-top:1px solid var(--line);border-radius:0;margin:0}
pre{margin:0;padding:.9rem 1rem;border-top:1px solid var(--line);overflow-x:auto;font:.82rem/1.5 ui-monospace,"Cascadia Mono",
Menlo,Consolas,"Liberation Mono",monospace;white-space:pre-wrap;overflow-wrap:anywhere}
.charts{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,330px),1fr));gap:.8rem;margin:1rem 0}
.charts.small{grid-template-columns:repeat(auto-fill,minmax(min(100%,235px),1fr))}
figure{margin:0}
figure.chart{padding:.65rem .8rem .5rem;min-width:0}
figure.chart figcaption{font-weight:600;font-size:.9rem;margin-bottom:.25rem}
figure.chart>svg{display:block;width:100%;height:auto;overflow:visible}
svg text{fill:var(--muted);font-size:11px;font-family:inherit;font-variant-numeric:tabular-nums}
.grid{stroke:var(--line)}.axis{stroke:var(--muted)}
.mark{stroke:var(--muted);stroke-dasharray:2 3}
.curve{fill:none;stroke:currentColor;stroke-width:1.8;stroke-linejoin:round}
.filled{fill:currentColor;fill-opacity:.16;stroke-width:1}
.band{fill:currentColor;fill-opacity:.16}
circle{fill:currentColor}.dot{fill-opacity:.55}
.mean{stroke:currentColor;stroke-width:2.5}
.i0{color:var(--i0)}.i1{color:var(--i1);stroke-dasharray:6 3}.i2{color:var(--i2)}.i3{color:var(--i3);stroke-dasharray:2 2.5}
.i4{color:var(--i4);stroke-dasharray:9 3 2 3}.i5{color:var(--i5);stroke-dasharray:4 2}.i6{color:var(--i6);stroke-dasharray:1 2}
circle,.mean,.band{stroke-dasharray:none}
.legend{display:flex;flex-wrap:wrap;gap:.2rem 1.1rem;margin:.35rem 0 .2rem;padding:0;list-style:none;font-size:.85rem;
color:var(--muted)}
.legend svg{width:22px;height:8px;margin-right:.4rem;vertical-align:middle}
.viewer{margin:1rem 0;padding:1rem}
.viewer>h3{margin:0}
.viewer>p{margin:.1rem 0 .8rem;color:var(--muted);font-size:.9rem;font-variant-numeric:tabular-nums}
.looks{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(46%,215px),1fr));gap:.8rem;align-items:start}
.look img{display:block;width:100%;height:auto;border-radius:4px;background:var(--soft)}
.look figcaption{font-size:.86rem;font-weight:550;margin-top:.3rem}
.bar{height:9px;border-radius:3px;margin-top:.3rem;print-color-adjust:exact;-webkit-print-color-adjust:exact}
.ends{display:flex;justify-content:space-between;gap:.5rem;font-size:.78rem;color:var(--muted);font-variant-numeric:tabular-nums}
.js .viewer{display:grid;grid-template-columns:minmax(0,1.25fr) minmax(0,1fr);gap:0 1.2rem;align-items:start}
.js .viewer>h3,.js .viewer>p{grid-column:1/-1}
.js .viewer .looks{grid-template-columns:repeat(2,minmax(0,1fr))}
.maps{margin-top:.9rem}
.js .viewer .maps{grid-column:1/-1;grid-template-columns:repeat(auto-fit,minmax(min(46%,215px),1fr))}
.viewer.plain,.js .viewer.plain{display:block}
.window{overflow:auto;border-radius:6px;background:var(--soft);max-height:80vh}
.layers{position:relative;overflow:hidden;margin:0 auto}
.layers img{display:block;width:100%;height:auto;image-rendering:pixelated}
.layers .over{position:absolute;inset:0;height:100%;clip-path:inset(0 calc(100% - var(--cut)) 0 0)}
.divider{position:absolute;top:0;bottom:0;left:var(--cut);width:2px;margin-left:-1px;background:#fff;
box-shadow:0 0 0 1px rgba(0,0,0,.55);pointer-events:none}
.divider::after{content:"\2194";position:absolute;top:50%;left:1px;width:30px;height:30px;margin:-15px 0 0 -15px;
border-radius:50%;background:#fff;color:#182026;font:600 17px/29px system-ui,sans-serif;text-align:center;
box-shadow:0 0 0 1px rgba(0,0,0,.55)}
.cut{position:absolute;inset:0;width:100%;height:100%;margin:0;opacity:0;cursor:ew-resize;touch-action:pan-y pinch-zoom}
.cut:focus-visible+.divider{box-shadow:0 0 0 3px var(--accent)}
.name{position:absolute;top:8px;max-width:45%;padding:1px 8px;border-radius:4px;background:rgba(12,16,20,.74);color:#fff;
font-size:.82rem;pointer-events:none}
.name.l{left:8px}.name.r{right:8px}
.controls{display:flex;flex-wrap:wrap;gap:.5rem .9rem;align-items:center;margin:.6rem 0 0;font-size:.86rem;color:var(--muted)}
.controls label{display:flex;gap:.35rem;align-items:center}
select,button{font:inherit;color:var(--ink);background:var(--card);border:1px solid var(--line);border-radius:6px;
padding:.3rem .5rem;min-height:2.2rem;max-width:11rem}
button{cursor:pointer;padding:.3rem .8rem}
button[aria-pressed=true]{background:var(--soft);border-color:var(--accent)}
footer{color:var(--muted);font-size:.85rem;padding-top:1.2rem;padding-bottom:2.5rem}
footer p{margin:0;max-width:none}
@media (max-width:860px){.js .viewer{display:block}.js .viewer .looks{margin-top:1rem}
.js .viewer .maps{margin-top:.9rem;grid-template-columns:repeat(2,minmax(0,1fr))}}
@media (max-width:520px){.facts div{grid-template-columns:1fr;gap:0}.viewer{padding:.7rem;border-radius:8px}
.cards{grid-template-columns:repeat(2,minmax(0,1fr))}.cards div:last-child:nth-child(odd){grid-column:1/-1}
.cards .value{font-size:1.45rem}
.controls{display:grid;grid-template-columns:repeat(2,minmax(0,1fr))}.controls select{flex:1;min-width:0}
th,td{padding:.4rem .6rem}}
@media (prefers-reduced-motion:no-preference){html{scroll-behavior:smooth}}
@media print{:root{--bg:#fff;--card:#fff;--ink:#000;--muted:#444;--line:#ccc;--soft:#fff}body{font-size:10.5pt}
nav,.stage{display:none}.js .viewer{display:block}.js .viewer .looks{grid-template-columns:repeat(3,minmax(0,1fr))}
figure,.cards div,tr{break-inside:avoid}h2,h3{break-after:avoid}.box,.scroll{overflow:visible}th,td{padding:.25rem .4rem}
table{font-size:8.5pt}}
)css";

const std::string_view kPageScript = R"js(
"use strict";
document.documentElement.classList.add("js");
for (const viewer of document.querySelectorAll(".viewer")) {
  const looks = [...viewer.querySelectorAll(".look")];
  if (looks.length < 2) { viewer.classList.add("plain"); continue; }
  const stage = document.getElementById("stage").content.firstElementChild.cloneNode(true);
  const part = (selector) => stage.querySelector(selector);
  const layers = part(".layers"), cut = part(".cut"), flick = part("button");
  const left = part(".left"), right = part(".right"), zoom = part(".zoom");
  looks.forEach((look, i) => { for (const side of [left, right]) side.add(new Option(look.dataset.name, i)); });
  left.value = viewer.dataset.left;
  right.value = viewer.dataset.right;
  const width = Number(looks[0].querySelector("img").getAttribute("width"));
  const show = () => {
    const [a, b] = [looks[left.value], looks[right.value]];
    part(".over").src = a.querySelector("img").src;
    part(".under").src = b.querySelector("img").src;
    part(".l").textContent = a.dataset.name;
    part(".r").textContent = b.dataset.name;
    layers.style.width = zoom.value === "fit" ? "100%" : width * zoom.value + "px";
    layers.style.setProperty("--cut", cut.value + "%");
    cut.setAttribute("aria-valuetext", `${cut.value} % ${a.dataset.name}, ${100 - cut.value} % ${b.dataset.name}`);
    part(".l").hidden = cut.value < 15;
    part(".r").hidden = cut.value > 85;
    flick.setAttribute("aria-pressed", cut.value === "100");
  };
  flick.addEventListener("click", () => { cut.value = cut.value === "100" ? 0 : 100; show(); });
  for (const control of [cut, left, right, zoom]) control.addEventListener("input", show);
  viewer.insertBefore(stage, viewer.querySelector(".looks"));
  show();
}
)js";

const std::string_view kPageTemplate = R"html(<template id="stage"><div class="stage">
<div class="window"><div class="layers"><img class="under" src="data:," alt=""/><img class="over" src="data:," alt=""/>
<input class="cut" type="range" min="0" max="100" step="1" value="50" aria-label="Divider between the two pictures"/>
<div class="divider"></div><span class="name l"></span><span class="name r"></span></div></div>
<div class="controls"><label>Left <select class="left"></select></label><label>Right <select class="right"></select></label>
<label>Zoom <select class="zoom"><option value="fit">fit</option><option value="1">100 %</option>
<option value="2">200 %</option><option value="4">400 %</option></select></label>
<button type="button" aria-pressed="false">Flick</button></div>
</div></template>
)html";

}  // namespace cf
