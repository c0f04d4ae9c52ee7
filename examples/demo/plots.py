"""Draw the loss curves of a job, a panel a device."""

from pathlib import Path
from typing import Any

from examples.demo.progress import needs
from examples.demo.runs import Job, Run

__all__ = ["draw"]

SMOOTHING = 15


def draw(job: Job, runs: list[Run], folder: Path) -> Path:
    """Write the curves as PNG; behind each device's own stands the first device's."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise needs("demo", error) from error
    figure = Figure(figsize=(5 * len(runs), 3.6), layout="constrained")
    canvas = FigureCanvasAgg(figure)
    figure.suptitle(f"{job.title}: loss of every step")
    for axes, run in zip(figure.subplots(1, len(runs), sharey=True, squeeze=False)[0], runs, strict=True):
        _panel(axes, run, runs[0])
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{job.name}.png"
    canvas.print_png(str(path))
    return path


def _panel(axes: Any, run: Run, reference: Run) -> None:
    if run is not reference:
        axes.plot(_smooth(reference.losses), color="0.6", linewidth=4, label=f"{reference.device}, smoothed")
    axes.plot(run.losses, color="tab:blue", alpha=0.3, linewidth=0.8)
    axes.plot(_smooth(run.losses), color="tab:blue", label=f"{run.device}, smoothed")
    axes.set(title=run.device, xlabel="step", yscale="log")
    axes.legend(frameon=False)


def _smooth(losses: list[float]) -> list[float]:
    """Mean over the last SMOOTHING steps."""
    windows = (losses[max(0, i + 1 - SMOOTHING) : i + 1] for i in range(len(losses)))
    return [sum(window) / len(window) for window in windows]
