// What a page looks like to those who use it, as one object. Run in the page by tests/lab/test_pages.py.
(() => {
  const channel = (value) => {
    const part = value / 255;
    return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  };
  const numbers = (color) => (color.match(/[\d.]+/g) || []).map(Number);
  const luminance = (color) => {
    const [red, green, blue] = numbers(color);
    return 0.2126 * channel(red) + 0.7152 * channel(green) + 0.0722 * channel(blue);
  };
  const contrast = (one, other) => {
    const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };
  const opaque = (color) => numbers(color).length === 3 || numbers(color)[3] > 0;
  const ground = (element) => {
    const shape = element.closest("svg text") && element.parentElement.querySelector("rect, circle");
    if (shape) return getComputedStyle(shape).fill;
    for (let one = element; one; one = one.parentElement) {
      const color = getComputedStyle(one).backgroundColor;
      if (opaque(color)) return color;
    }
    return "rgb(255, 255, 255)";
  };
  const seen = (element) => element.checkVisibility() && element.getClientRects().length > 0;
  const faint = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !seen(element) || element.closest("title, desc, .unseen, .skip")) continue;
    const style = getComputedStyle(element);
    const color = element.closest("svg text") ? style.fill : style.color;
    const ratio = contrast(color, ground(element));
    if (ratio < 4.5) faint.push([walker.currentNode.data.trim().slice(0, 40), element.className, ratio.toFixed(2)]);
  }
  const all = (selector) => [...document.querySelectorAll(selector)];
  const wide = all("body *").filter(
    (one) => seen(one) && !one.closest(".scroll, .unseen, .skip, svg")
      && one.getBoundingClientRect().right > document.documentElement.clientWidth + 1,
  );
  return {
    faint,
    overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    wide: wide.map((one) => one.outerHTML.slice(0, 120)),
    headings: all("h1, h2, h3, h4").filter(seen).map((one) => Number(one.tagName[1])),
    landmarks: ["header", "main", "footer"].map((name) => all(`body > ${name}`).length),
    board: all(".board tbody tr").filter(seen).length,
    failures: all("ol.cards > li").filter(seen).map((one) => one.querySelector("code").textContent),
    fixes: all("ol.cards .fix").filter(seen).length,
    folded: all("details > :not(summary)").filter((one) => !seen(one)).length,
    unfolded: all("details > :not(summary)").filter(seen).length,
    unscoped: all("th:not([scope])").length,
    uncaptioned: all("table").filter((one) => !one.querySelector("caption")).length,
    pictures: all("svg[role=img]").map((one) => one.getAttribute("aria-labelledby").split(" ")
      .map((id) => document.getElementById(id).textContent)),
    title: document.title,
    language: document.documentElement.lang,
    scripts: all("script, iframe, img, object, embed, form").length,
    alerted: Boolean(window.alerted),
  };
})()
