/// What the page does besides showing numbers: it names the block under the pointer, and stretches the time axis.
///
/// It works on whatever timeline the page holds at the time: a live page gets its timeline late, and changes it.
enum HtmlScript {
    static let text = """
        const prepare = (() => {
          const root = document.documentElement, tip = document.getElementById("tip");
          let level = 1;
          const stretch = (to) => {
            const pan = document.querySelector(".pan");
            const middle = (pan.scrollLeft + pan.clientWidth / 2) / (pan.clientWidth * level);
            level = Math.min(64, Math.max(1, to));
            root.style.setProperty("--zoom", level);
            pan.scrollLeft = middle * pan.clientWidth * level - pan.clientWidth / 2;
          };
          const show = (event) => {
            const target = event.target.closest ? event.target : null;
            const rect = target && event.type !== "pointerleave" ? target.closest(".pan rect") : null;
            tip.hidden = !rect;
            if (!rect) return;
            const ms = +rect.closest(".timeline").dataset.ms;
            const start = rect.x.baseVal.value / 1e5 * ms, length = rect.width.baseVal.value / 1e5 * ms;
            const kind = rect.className.baseVal.split(" ")[0].slice(2), data = rect.dataset;
            const what = data.m === undefined ? "" : ` of micro-batch ${data.m} on stage ${data.s}`;
            tip.textContent = `${kind}${what}: ${length.toFixed(3)} ms, from ${start.toFixed(3)}`;
            const left = Math.min(event.clientX + 14, innerWidth - tip.offsetWidth - 8);
            tip.style.left = `${Math.max(8, left)}px`;
            tip.style.top = `${Math.max(8, event.clientY - tip.offsetHeight - 12)}px`;
          };
          document.addEventListener("pointermove", show);
          document.addEventListener("pointerdown", show);
          root.addEventListener("pointerleave", show);
          return () => {
            const zoom = document.querySelector(".zoom");
            if (!zoom || zoom.firstChild) return;
            for (const [name, label, change] of [["−", "zoom out", 0.5], ["+", "zoom in", 2], ["fit", "whole step", 0]]) {
              const button = document.createElement("button");
              button.textContent = name;
              button.title = label;
              button.onclick = () => stretch(change ? level * change : 1);
              zoom.append(button);
            }
          };
        })();
        prepare();
        """
}
