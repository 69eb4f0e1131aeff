/// The page's style: no script, no font, no picture from elsewhere. Light or dark, as the reader's system is.
enum HTMLStyle {
  static let css = """
    :root { color-scheme: light dark; --back: #ffffff; --text: #1d2127; --faint: #5c6673; --line: #d5dae1;
      --panel: #f5f7f9; --bad: #b3261e; --badback: #fdecea; --good: #1a6b3c; --doubt: #8a5a00; --accent: #20558a;
      --own: #20558a; --box: #ffffff; }
    @media (prefers-color-scheme: dark) { :root { --back: #14171b; --text: #e4e7eb; --faint: #9aa4b0; --line: #363d46;
      --panel: #1c2026; --bad: #ff8a80; --badback: #3a1d1b; --good: #7fd6a0; --doubt: #f0c060; --accent: #8ec3f5;
      --own: #8ec3f5; --box: #22272e; } }
    * { box-sizing: border-box; }
    body { margin: 0 auto; max-width: 76rem; padding: 1rem 1.2rem 4rem; background: var(--back); color: var(--text);
      font: 16px/1.5 system-ui, sans-serif; overflow-wrap: break-word; }
    h1 { font-size: 1.5rem; margin: .4rem 0 .2rem; } h2 { font-size: 1.2rem; margin: 2rem 0 .4rem; }
    h3 { font-size: 1rem; margin: 1.2rem 0 .3rem; }
    code, pre, table.numbers td, table.lanes td, svg text { font-family: ui-monospace, "DejaVu Sans Mono", monospace; }
    code, pre { font-size: .82rem; } pre { overflow-x: auto; margin: .4rem 0; line-height: 1.35; }
    .faint { color: var(--faint); } .scroll { overflow-x: auto; max-width: 100%; }
    .badge { display: inline-block; padding: .05rem .55rem; border-radius: .3rem; font-size: .82rem; font-weight: 600;
      border: 1px solid currentColor; vertical-align: .12em; }
    .violated, .damaged, .missing { color: var(--bad); } .holds { color: var(--good); } .undecided { color: var(--doubt); }
    article { border: 1px solid var(--line); border-left: .3rem solid var(--bad); border-radius: .3rem;
      background: var(--panel); padding: .2rem 1rem .8rem; margin: 1rem 0; }
    article > details > summary, section > details > summary { cursor: pointer; }
    table { border-collapse: collapse; font-size: .85rem; } th { text-align: left; font-weight: 600; }
    th, td { padding: .15rem .6rem .15rem 0; vertical-align: top; }
    table.numbers td.n, table.numbers th.n { text-align: right; }
    table.numbers tr + tr td { border-top: 1px solid var(--line); }
    dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem .8rem; margin: .4rem 0; }
    dt { color: var(--faint); } dd { margin: 0; min-width: 0; }
    @media (max-width: 40rem) { dl { grid-template-columns: 1fr; } dt { margin-top: .4rem; } body { padding: .6rem; } }
    table.lanes td { font-size: .78rem; white-space: nowrap; padding: .05rem .9rem .05rem 0; }
    table.lanes td.in { border-left: 2px solid var(--line); padding-left: .5rem; }
    table.lanes tr.wrong td { background: var(--badback); color: var(--bad); font-weight: 600; }
    table.lanes tr.proof td { background: var(--badback); }
    figure { margin: .6rem 0; } figcaption { color: var(--faint); font-size: .85rem; }
    svg { display: block; } svg text { font-size: 12px; fill: var(--text); } svg .faint { fill: var(--faint); }
    svg .mm { fill: none; stroke: var(--line); } svg .row { stroke: var(--faint); stroke-width: 1; }
    svg .tree { stroke: var(--line); stroke-width: 2; } svg .avc { fill: var(--box); stroke: var(--own); stroke-width: 1.5; }
    svg .own { fill: var(--own); stroke: var(--own); } svg .parked { fill: none; stroke: var(--doubt); stroke-dasharray: 3 2;
      stroke-width: 1.5; } svg .gap { fill: none; stroke: var(--bad); stroke-width: 2; stroke-dasharray: 3 2; }
    svg .x { stroke: var(--bad); stroke-width: 2.5; } svg text.bad { fill: var(--bad); font-weight: 700; }
    svg .wrong { stroke: var(--bad); stroke-width: 2.5; fill: var(--badback); }
    svg .faulted { fill: var(--box); stroke: var(--text); } svg .unfaulted { fill: none; stroke: var(--faint);
      stroke-dasharray: 2 3; }
    """
}
