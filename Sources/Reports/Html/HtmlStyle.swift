/// The page's style: light and dark, from a phone's width up.
enum HtmlStyle {
    static let text = [colours, page, live, tables, bars, timeline, curve, narrow].joined(separator: "\n")

    private static let colours = """
        :root {
          --paper: #f6f5f2; --card: #fff; --ink: #1c1f24; --soft: #646a74; --line: #e2e0db; --faint: #f0eeea;
          --accent: #1f5fbf; --good: #1b7f4b; --bad: #c0341d; --path: #14161a; --halo: #fff;
          --forward: #3d7cc9; --backward: #2b9c8c; --weight: #86c7ae; --recompute: #8b6fc7; --padding: #a3b8a0; --optimizer: #5d6470;
          --sync: #b27bb0; --data: #d65a9e; --warm: #c4c8cf; --cool: #a4aab4; --imbalance: #e68a1a;
          --straggler: #d3432d; --transfer: #e0b32a; --pressure: #99683a; --other: #d9d5cc;
        }
        @media (prefers-color-scheme: dark) {
          :root {
            --paper: #121417; --card: #1a1d22; --ink: #e9e8e4; --soft: #9aa0aa; --line: #2d3138; --faint: #22262c;
            --accent: #7fb0f5; --good: #57c98b; --bad: #f2806b; --path: #fff; --halo: #121417;
            --forward: #5a95de; --backward: #35ad9c; --weight: #7fc4aa; --recompute: #a288dc; --padding: #71886f; --optimizer: #8b929e;
            --sync: #bd8abb; --data: #e06fae; --warm: #4b515b; --cool: #666d79; --imbalance: #ee9a35;
            --straggler: #e5604b; --transfer: #e3bd45; --pressure: #b4814f; --other: #3b3d40;
          }
        }
        .c-forward { --c: var(--forward) } .c-backward, .c-back-input { --c: var(--backward) }
        .c-back-weight { --c: var(--weight) } .c-recompute { --c: var(--recompute) } .c-padding { --c: var(--padding) }
        .c-optimizer { --c: var(--optimizer) } .c-grad-sync { --c: var(--sync) } .c-data-wait { --c: var(--data) }
        .c-warm-up { --c: var(--warm) } .c-cool-down { --c: var(--cool) } .c-imbalance { --c: var(--imbalance) }
        .c-straggler { --c: var(--straggler) } .c-transfer { --c: var(--transfer) }
        .c-back-press { --c: var(--pressure) } .c-other { --c: var(--other) } .idle { --c: var(--imbalance) }
        i.good { --c: var(--good) } i.bad { --c: var(--bad) } b.good { color: var(--good) } b.bad { color: var(--bad) }
        """

    private static let page = """
        * { box-sizing: border-box }
        html { -webkit-text-size-adjust: 100% }
        body { margin: 0; background: var(--paper); color: var(--ink); overflow-wrap: break-word;
          font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif }
        main { max-width: 1240px; margin: 0 auto; padding: 40px 28px 24px }
        header { padding: 0 4px 12px }
        .run { margin: 0 0 18px; color: var(--soft) }
        .run b { color: var(--ink); margin-right: .4em }
        h1 { margin: 0; font-size: clamp(1.6rem, 1rem + 2.6vw, 2.6rem); line-height: 1.15; letter-spacing: -.02em;
          font-weight: 680; text-wrap: balance }
        h1 span { display: block; margin-top: .55em; font-size: .56em; line-height: 1.35; font-weight: 450;
          letter-spacing: -.005em; max-width: 46em }
        .fix { margin: 16px 0 0; padding: 10px 16px; border-left: 3px solid var(--accent); background: var(--card);
          border-radius: 0 8px 8px 0; max-width: 62em }
        .fix::before { content: "→ "; color: var(--accent); font-weight: 700 }
        .tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px; margin: 24px 0 0 }
        .tiles div { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 12px 16px }
        dt { color: var(--soft); font-size: 13px }
        dd { margin: 2px 0 0; font-size: 1.5rem; font-weight: 620; letter-spacing: -.01em; line-height: 1.3;
          font-variant-numeric: tabular-nums }
        dd small { display: block; font-size: 13px; font-weight: 400; letter-spacing: 0; color: var(--soft) }
        section { background: var(--card); border: 1px solid var(--line); border-radius: 14px; margin: 16px 0;
          padding: 20px 22px 18px }
        h2 { margin: 0 0 4px; font-size: 1.15rem; font-weight: 650; letter-spacing: -.01em }
        .lead { margin: 0 0 14px; color: var(--soft); max-width: 74em }
        .notes, footer ul { margin: 0 0 12px; padding-left: 1.2em }
        footer { padding: 12px 6px; color: var(--soft); font-size: 13px }
        details { margin-top: 6px } summary { cursor: pointer; color: var(--accent); padding: 6px 0 }
        """

    private static let live = """
        #live { margin: 0 0 28px; padding: 14px 22px }
        .state { margin: 0; color: var(--soft) }
        .state b { color: var(--card); background: var(--soft); border-radius: 99px; padding: 2px 12px; margin-right: .5em;
          font-size: 13.5px; font-weight: 600; white-space: nowrap }
        .running .state b { background: var(--accent) } .done .state b { background: var(--good) }
        .failed .state b, .gone .state b { background: var(--bad) } .lost .state b { background: var(--bad) }
        .lost .state b::after { content: ", connection lost" }
        #live .legend { font-variant-numeric: tabular-nums; margin: 10px 0 }
        #live td { font-size: 14px } #live td.text { width: 50%; padding-left: 24px }
        """

    private static let tables = """
        .scroll { overflow-x: auto; margin: 0 -6px } .scroll + .scroll { margin-top: 16px }
        table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums }
        th, td { padding: 6px; text-align: right; vertical-align: top; white-space: nowrap }
        thead th { color: var(--soft); font-size: 12.5px; font-weight: 500; border-bottom: 1px solid var(--line);
          vertical-align: bottom }
        tbody th { text-align: left; font-weight: 550; white-space: normal; min-width: 11em }
        tbody tr + tr > * { border-top: 1px solid var(--faint) }
        .total > * { border-top: 2px solid var(--line) !important; font-weight: 600 }
        th.text, td.text { text-align: left; white-space: normal }
        thead th:first-child { text-align: left }
        td small, th small { display: block; color: var(--soft); font-size: 12px; font-weight: 400 }
        td.none { color: var(--soft) }
        @media (min-width: 901px) { #comparison table { table-layout: fixed } #what-if tbody th { white-space: nowrap } }
        .causes td.wide { min-width: 150px; width: 24% }
        .causes td, .causes tbody th { font-size: 14px } .causes tbody th { min-width: 5.2em }
        """

    private static let bars = """
        .track, .stack { display: flex; height: 12px; border-radius: 3px; overflow: hidden; min-width: 90px;
          margin-top: 5px }
        .track { background: var(--faint) } .track i { background: var(--c, var(--accent)); border-radius: 3px }
        .stack { background: var(--faint) } .stack i { background: var(--c); box-shadow: inset -1px 0 var(--card) }
        .whole .stack { height: 26px; border-radius: 6px; margin: 0 }
        .strip { display: grid; grid-template-columns: auto minmax(0, 1fr); gap: 2px 10px; font-size: 11px;
          line-height: 11px; color: var(--soft); font-variant-numeric: tabular-nums; white-space: nowrap }
        .strip .stack { height: 11px; margin: 0; border-radius: 2px }
        .legend { display: flex; flex-wrap: wrap; gap: 4px 16px; margin: 10px 0 12px; font-size: 13.5px;
          align-items: center }
        .legend span, .legend label, .key { display: inline-flex; align-items: center; gap: 6px }
        .legend i, .key i { width: 11px; height: 11px; border-radius: 3px; background: var(--c); flex: none }
        .legend b { font-weight: 600; font-variant-numeric: tabular-nums }
        """

    private static let timeline = """
        .timeline { display: grid; grid-template-columns: auto minmax(0, 1fr); gap: 0 8px; font-size: 12px }
        .lanes b, .timeline h3 { display: block; height: 30px; line-height: 30px; margin: 0; font-size: 12.5px;
          font-weight: 550; color: var(--soft) }
        .lanes span { display: block; height: var(--lane); line-height: var(--lane); text-align: right;
          font-variant-numeric: tabular-nums; overflow: visible }
        .timeline h3 span { position: sticky; left: 0 }
        .pan { overflow-x: auto } .stretch { width: calc(100% * var(--zoom, 1)); position: relative }
        .drawing { position: relative; background: var(--faint); border-radius: 4px; overflow: hidden }
        .drawing svg { display: block; width: 100% }
        .drawing rect { fill: var(--c); stroke: var(--card); stroke-width: 1px; vector-effect: non-scaling-stroke }
        .drawing .pale { opacity: .3 }
        .cells path { stroke: var(--c); fill: none }
        .end { stroke: var(--soft); stroke-dasharray: 3 3; vector-effect: non-scaling-stroke }
        .path { fill: none; stroke: var(--path); stroke-width: 2px; vector-effect: non-scaling-stroke;
          stroke-linejoin: round; pointer-events: none }
        .halo { stroke: var(--halo); stroke-width: 5px; opacity: .75 }
        section:has(#show-path:not(:checked)) .path { display: none }
        .pathkey { width: 18px; border-top: 3px solid var(--path) }
        .numbers { position: absolute; inset: 0; pointer-events: none }
        .numbers i { position: absolute; height: var(--lane); line-height: var(--lane); text-align: center;
          font-style: normal; font-size: 11px; color: #fff; overflow: hidden }
        .axis { position: relative; height: 24px; color: var(--soft); font-variant-numeric: tabular-nums }
        .axis span { position: absolute; top: 4px; padding-left: 4px; border-left: 1px solid var(--line) }
        .axis .last { transform: translateX(-100%); padding: 0 4px 0 0; border: 0; border-right: 1px solid var(--line) }
        .zoom { margin-left: auto; gap: 4px !important }
        .zoom button { font: inherit; color: var(--ink); background: var(--faint); border: 1px solid var(--line);
          border-radius: 6px; min-width: 30px; padding: 1px 8px; cursor: pointer }
        #tip { position: fixed; z-index: 9; background: var(--ink); color: var(--paper); padding: 4px 10px;
          border-radius: 6px; font-size: 13px; pointer-events: none; max-width: 90vw }
        """

    private static let curve = """
        .curve { display: grid; grid-template-columns: auto minmax(0, 1fr); gap: 0 8px; font-size: 12px }
        .curve .drawing, .curve svg { overflow: visible }
        .scale { position: relative; min-width: 4.2em; height: 240px; color: var(--soft); font-variant-numeric: tabular-nums }
        .scale span { position: absolute; right: 0; transform: translateY(-50%) }
        .curve path { vector-effect: non-scaling-stroke; fill: none; stroke-linecap: round; stroke-linejoin: round }
        .grid { stroke: var(--line) } .trace { stroke: var(--forward); stroke-width: 1.8px }
        .curve .band { fill: var(--forward); opacity: .2 } .dots { stroke: var(--straggler); stroke-width: 7px }
        .ring { stroke: var(--straggler); stroke-width: 15px } .hole { stroke: var(--faint); stroke-width: 11px }
        """

    private static let narrow = """
        @media (max-width: 1180px) {
          .causes .wide { display: none }
          .causes th, .causes td { padding: 6px 3px; font-size: 13px !important } .causes thead th { font-size: 11.5px !important }
        }
        @media (max-width: 900px) {
          body { font-size: 15px }
          main { padding: 22px 12px } header { padding: 0 4px 6px }
          section { padding: 16px 14px 14px; border-radius: 12px }
          .tiles { grid-template-columns: 1fr 1fr; gap: 8px } .tiles div { padding: 10px 12px }
          dd { font-size: 1.25rem }
          .scroll { overflow: visible; margin: 0 }
          .cards, .cards tbody { display: block } .cards thead { display: none }
          .cards tr { display: grid; grid-template-columns: repeat(auto-fill, minmax(86px, 1fr)); gap: 4px 10px;
            padding: 10px 0 }
          #what-if tr { grid-template-columns: repeat(auto-fill, minmax(70px, 1fr)) }
          .cards tr + tr { border-top: 1px solid var(--line) }
          .cards tr > * { border: 0 !important; padding: 0; text-align: left; white-space: normal; min-width: 0 }
          .cards tbody th, .cards td.wide { display: block; grid-column: 1 / -1; width: auto; min-width: 0 }
          .causes th, .causes td { font-size: 15px !important; padding: 0 }
          .cards td::before { content: attr(data-label); display: block; color: var(--soft); font-size: 12px;
            font-weight: 400 }
          .cards td.none, .cards td:empty, .compact .wide { display: none }
          .cards td small { display: inline; margin-left: .4em }
          .compact th, .compact td { padding: 6px 2px; font-size: 14px } .compact thead th { font-size: 12px }
          #live { padding: 14px } #live td.text { padding-left: 8px } #live td small { min-height: 3em }
          .compact th { white-space: normal } .compact tbody th { min-width: 4.5em }
          .track, .stack { margin-top: 2px }
          .numbers { display: none } .axis span:nth-child(even) { display: none }
          .drawing rect { stroke-width: .4px } .path { stroke-width: 1.5px } .halo { stroke-width: 3px }
          .legend { gap: 4px 12px }
        }
        @media print { section { break-inside: avoid } .zoom, .legend label { display: none } }
        """
}
