/// Keeps a live page current: it listens for events, and changes what differs, in place.
///
/// Nodes stay the same nodes, so that scrolling, zoom, opened lists and selected text outlive a change.
enum LiveScript {
    static let text = """
        (() => {
          const isSame = (a, b) => a.nodeType === b.nodeType && a.nodeName === b.nodeName && a.id === b.id;
          const attributes = (old, now) => {
            for (const { name } of [...old.attributes])
              if (!now.hasAttribute(name) && name !== "open") old.removeAttribute(name);
            for (const { name, value } of now.attributes)
              if (old.getAttribute(name) !== value && name !== "open") old.setAttribute(name, value);
          };
          const morph = (old, now) => {
            if (old.nodeType !== 1) {
              if (old.data !== now.data) old.data = now.data;
              return;
            }
            attributes(old, now);
            if (old.classList.contains("zoom")) return;
            const before = [...old.childNodes], after = [...now.childNodes];
            after.forEach((node, index) => {
              if (index >= before.length) old.append(node);
              else if (isSame(before[index], node)) morph(before[index], node);
              else before[index].replaceWith(node);
            });
            before.slice(after.length).forEach((node) => node.remove());
          };
          // What stands at the window's top stays there, whatever grows above it.
          const change = (old, now) => {
            const top = [...document.querySelectorAll("main > *")].find((e) => e.getBoundingClientRect().bottom > 0);
            const place = top ? top.getBoundingClientRect().top : 0;
            morph(old, now);
            if (top && top.isConnected && scrollY > 0) scrollBy(0, top.getBoundingClientRect().top - place);
            prepare();
          };
          const parse = (text) => new DOMParser().parseFromString(text, "text/html");
          const live = () => document.getElementById("live");
          const title = () => { document.title = live().dataset.title; };
          let busy = false, due = false;
          const reload = async () => {
            due = true;
            if (busy) return;
            busy = true;
            while (due) {
              due = false;
              try {
                const page = parse(await (await fetch("/", { cache: "no-store" })).text());
                if (page.getElementById("live")) change(document.querySelector("main"), page.querySelector("main"));
              } catch { /* the next event tries again */ }
            }
            busy = false;
            title();
          };
          const events = new EventSource("/events");
          events.addEventListener("status", (event) => {
            change(live(), parse(JSON.parse(event.data)).getElementById("live"));
            title();
          });
          events.addEventListener("report", reload);
          events.addEventListener("end", () => { events.close(); reload(); });
          events.onerror = () => { if (events.readyState !== 2) live().classList.add("lost"); };
        })();
        """
}
