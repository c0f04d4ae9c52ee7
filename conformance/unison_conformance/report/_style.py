"""The look of the page: one style sheet, light and dark."""

__all__ = ["STYLE"]

STYLE = """
:root { color-scheme: light dark; --line: #8884; --good: #148246; --bad: #c22f2f; --none: #888; }
body { font: 15px/1.45 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
h1 { margin: 0; font-size: 1.6rem; }
h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
.level { display: inline-block; font-size: 1.3rem; font-weight: 600; color: #fff; padding: .2rem .8rem;
  border-radius: .4rem; margin: .6rem 0 .2rem; }
.level.good, .bar .good { background: var(--good); }
.level.bad, .bar .bad { background: var(--bad); }
.level.none, .bar .none { background: var(--none); }
.bar { display: flex; height: 1rem; border-radius: .3rem; overflow: hidden; margin-top: 1rem; }
table { border-collapse: collapse; }
th, td { text-align: left; padding: .15rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top; }
th { font-weight: 500; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
td.bad { color: #fff; background: var(--bad); }
td.none { color: var(--none); background: #8882; }
table.heat td { text-align: center; font-variant-numeric: tabular-nums; font-size: .85rem; padding: .1rem .4rem; }
table.heat thead th { position: sticky; top: 0; background: Canvas; font-size: .85rem; }
code { font-size: .85rem; overflow-wrap: anywhere; }
.badges { list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: .4rem; }
.badges li { border: 2px solid var(--none); border-radius: .4rem; padding: .1rem .6rem; }
.badges li.good { border-color: var(--good); }
.badges li.bad { border-color: var(--bad); }
.badges small { margin-left: .5rem; color: var(--none); }
"""
