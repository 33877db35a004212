// Draws the charts in the colours of the page, without eval and without inline styles.
(() => {
  "use strict";

  const token = (name) => {
    const probe = document.createElement("i");
    probe.style.color = `var(${name})`;
    document.body.append(probe);
    const colour = getComputedStyle(probe).color;
    probe.remove();
    return colour;
  };

  function config() {
    const [ink, soft, line, accent, warn] = ["--ink", "--ink-soft", "--line", "--accent", "--warn"].map(token);
    const font = "system-ui, sans-serif";
    return {
      background: "transparent",
      font,
      view: { stroke: null },
      range: { category: [accent, warn] },
      mark: { color: accent },
      rule: { color: soft },
      axis: {
        labelColor: soft, titleColor: soft, gridColor: line, domainColor: line, tickColor: line,
        labelFontSize: 12, titleFontSize: 12, titleFontWeight: "normal", titlePadding: 10,
      },
      legend: { labelColor: ink, titleColor: soft, labelFontSize: 12, titleFontSize: 12, titleFontWeight: "normal" },
    };
  }

  function draw() {
    const options = {
      ast: true,
      actions: false,
      defaultStyle: false,
      renderer: "svg",
      tooltip: { disableDefaultStyle: true },
      config: config(),
    };
    for (const element of document.querySelectorAll("[data-chart]")) {
      vegaEmbed(element, element.dataset.chart, options).catch(() => {
        element.textContent = "The chart could not be drawn. Its numbers are in the table below.";
      });
    }
  }

  document.addEventListener("DOMContentLoaded", draw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
})();
