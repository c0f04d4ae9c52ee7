"""The look of the page: one style sheet, light and dark."""

__all__ = ["STYLE"]

STYLE = """
:root { color-scheme: light dark; --line: #8883; --good: #148246; --bad: #c22f2f; --none: #8886; --mute: #777; }
@media (prefers-color-scheme: dark) { :root { --mute: #9a9a9a; } body { background: #16181c; color: #e4e4e4; } }
body { font: 15px/1.45 system-ui, sans-serif; max-width: 76rem; margin: 2rem auto; padding: 0 1rem; }
h1 { margin: 0; font-size: 1.7rem; }
h2 { font-size: 1.15rem; margin: 2.2rem 0 .5rem; }
.what { color: var(--mute); margin: .2rem 0; }
.level { display: inline-block; font-size: 1.3rem; font-weight: 600; color: #fff; padding: .2rem .8rem;
  border-radius: .4rem; margin: .6rem 0 .4rem; }
.good.level, .bar .good { background: var(--good); }
.bad.level, .bar .bad { background: var(--bad); }
.none.level { background: var(--mute); }
.bar .none { background: var(--none); }
.bar { display: flex; height: 1rem; border-radius: .3rem; overflow: hidden; margin-top: 1rem; gap: 1px; }
table { border-collapse: collapse; }
th, td { text-align: left; padding: .18rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top; }
th { font-weight: 500; }
thead th { color: var(--mute); }
small { color: var(--mute); }
th small { display: block; font-weight: 400; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
td.over { color: var(--bad); font-weight: 600; }
.tag { display: inline-block; border-radius: .25rem; padding: 0 .45rem; font-size: .85rem; white-space: nowrap;
  border: 1px solid var(--none); }
.tag.bad, td.bad, .cell.bad { color: #fff; background: var(--bad); border-color: var(--bad); }
.tag.good { border-color: var(--good); }
td.none, .cell.none { color: var(--mute); background: #8882; }
.cell { color: CanvasText; display: inline-block; min-width: 2.4em; text-align: center; font-size: .8rem; }
.legend { color: var(--mute); }
.themes { columns: 25rem auto; column-gap: 2rem; }
table.heat { break-inside: avoid-column; width: 100%; margin-bottom: 1rem; font-size: .82rem; line-height: 1.3; }
table.heat th, table.heat td { padding: .04rem .3rem; }
table.heat td { text-align: center; font-variant-numeric: tabular-nums; width: 2.6em; border: 1px solid Canvas; }
table.heat tbody th { overflow-wrap: anywhere; }
table.heat thead th { text-align: center; }
table.heat thead th.theme { text-align: left; font-weight: 700; color: inherit; }
table.checks { width: 100%; font-size: .88rem; }
table.failures { width: 100%; }
code, pre { font-size: .82rem; overflow-wrap: anywhere; white-space: pre-wrap; }
code.command { display: block; color: var(--mute); }
summary { cursor: pointer; }
.chips { list-style: none; padding: 0; margin: .3rem 0; display: flex; flex-wrap: wrap; gap: .4rem; }
.chips li { border: 2px solid var(--none); border-radius: .4rem; padding: .1rem .6rem; }
.chips li.good { border-color: var(--good); }
.chips li.bad { border-color: var(--bad); }
.chips small { margin-left: .5rem; }
"""
