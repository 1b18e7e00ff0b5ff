"use strict";
(function () {
  document.documentElement.classList.add("scripted");
  const ROW = 18;
  const TALL = 44;
  const GAP = 6;
  const MOST = 30000;

  function element(tag, properties, children) {
    const made = Object.assign(document.createElement(tag), properties || {});
    (children || []).forEach(function (child) { made.append(child); });
    return made;
  }

  function start(root) {
    const data = JSON.parse(root.querySelector("script[type='application/json']").textContent);
    const n = data.samples.length;
    const m = data.genes.length;
    const state = { by: "groups", together: true, zoom: 1 };
    const burden = data.tracks.find(function (track) { return track.tmb; });
    const rank = data.genes.map(function () { return new Uint8Array(n).fill(254); });
    const kinds = data.genes.map(function () { return Array.from({ length: n }, function () { return []; }); });
    data.absent.forEach(function (samples, gene) { samples.forEach(function (s) { rank[gene][s] = 255; }); });
    data.classes.forEach(function (kind, k) {
      kind.cells.forEach(function (samples, gene) {
        samples.forEach(function (s) { rank[gene][s] = Math.min(rank[gene][s], k); kinds[gene][s].push(k); });
      });
    });
    const changes = data.changes.map(function (pairs) { return new Map(pairs); });
    let order = [];
    let step = 1;
    let lefts = [];

    function arrange() {
      order = Array.from({ length: n }, function (_, s) { return s; });
      const gene = data.genes.indexOf(state.by);
      order.sort(function (a, b) {
        let difference = state.together ? data.group[a] - data.group[b] : 0;
        if (difference === 0 && gene >= 0) { difference = rank[gene][a] - rank[gene][b]; }
        if (difference === 0 && state.by === "burden") {
          const x = burden.numbers[a];
          const y = burden.numbers[b];
          difference = x === null || y === null ? (x === null) - (y === null) : y - x;
        }
        if (difference === 0 && state.by === "groups") {
          for (let g = 0; g < m && difference === 0; g += 1) { difference = rank[g][a] - rank[g][b]; }
        }
        return difference || a - b;
      });
    }

    function height(track) { return track.numbers ? TALL : ROW; }
    const trackHeight = data.tracks.reduce(function (sum, track) { return sum + height(track); }, 0);
    const total = trackHeight + GAP + m * ROW;

    function place() {
      const breaks = state.together ? data.groups.length - 1 : 0;
      const room = Math.max(scroll.clientWidth, 300);
      const wide = Math.min(Math.max(room * state.zoom, 300), MOST);
      step = (wide - GAP * breaks) / n;
      let x = 0;
      lefts = order.map(function (s, k) {
        if (k > 0 && state.together && data.group[s] !== data.group[order[k - 1]]) { x += GAP; }
        const left = x;
        x += step;
        return left;
      });
      return wide;
    }

    function draw() {
      const wide = place();
      const ratio = Math.min(window.devicePixelRatio || 1, MOST / wide);
      canvas.width = Math.round(wide * ratio);
      canvas.height = Math.round(total * ratio);
      canvas.style.width = wide + "px";
      canvas.style.height = total + "px";
      const pen = canvas.getContext("2d");
      pen.setTransform(ratio, 0, 0, ratio, 0, 0);
      pen.clearRect(0, 0, wide, total);
      const cell = step > 4 ? step * 0.86 : step + 0.25;
      const mark = Math.max(cell, 1);
      let y = 0;
      data.tracks.forEach(function (track) {
        order.forEach(function (s, k) {
          if (track.numbers) {
            const share = Math.min((track.numbers[s] || 0) / track.ceiling, 1);
            pen.fillStyle = "#555555";
            pen.fillRect(lefts[k], y + 2 + (TALL - 6) * (1 - share), mark, (TALL - 6) * share);
          } else if (track.codes[s] >= 0) {
            pen.fillStyle = track.levels[track.codes[s]].colour;
            pen.fillRect(lefts[k], y + 2, cell, ROW - 4);
          } else {
            pen.fillStyle = data.missing;
            pen.fillRect(lefts[k], y + ROW / 2 - 1, cell, 2);
          }
        });
        y += height(track);
      });
      y += GAP;
      for (let gene = 0; gene < m; gene += 1, y += ROW) {
        order.forEach(function (s, k) {
          const absent = rank[gene][s] === 255;
          pen.fillStyle = absent ? data.missing : data.unaltered;
          if (absent) { pen.fillRect(lefts[k], y + ROW / 2 - 1, cell, 2); } else { pen.fillRect(lefts[k], y + 1, cell, ROW - 2); }
        });
        order.forEach(function (s, k) {
          [true, false].forEach(function (whole) {
            const found = kinds[gene][s].filter(function (c) { return data.classes[c].whole === whole; });
            const high = whole ? ROW - 2 : 8;
            found.forEach(function (c, i) {
              pen.fillStyle = data.classes[c].colour;
              pen.fillRect(lefts[k], y + (ROW - high) / 2 + (high * i) / found.length, mark, high / found.length);
            });
          });
        });
      }
    }

    function show() { arrange(); draw(); marked(); }

    function read(event) {
      const box = canvas.getBoundingClientRect();
      const x = event.clientX - box.left;
      const y = event.clientY - box.top;
      let k = -1;
      let low = 0;
      let high = n - 1;
      while (low <= high) {
        const middle = (low + high) >> 1;
        if (lefts[middle] <= x) { k = middle; low = middle + 1; } else { high = middle - 1; }
      }
      if (k < 0 || x > lefts[k] + step) { reading.textContent = ""; return; }
      const s = order[k];
      const parts = [data.samples[s], data.groups[data.group[s]].name];
      let top = 0;
      data.tracks.forEach(function (track) {
        if (y >= top && y < top + height(track)) {
          const value = track.numbers ? track.numbers[s] : track.codes[s] < 0 ? null : track.levels[track.codes[s]].name;
          parts.push(track.label + ": " + (value === null ? "not known" : value));
        }
        top += height(track);
      });
      const gene = Math.floor((y - top - GAP) / ROW);
      if (gene >= 0 && gene < m) {
        const found = kinds[gene][s].map(function (c) { return data.classes[c].name; });
        const change = changes[gene].get(s);
        parts.push(data.genes[gene] + ": " + (found.length ? found.join(", ") + (change ? " (" + change + ")" : "")
          : rank[gene][s] === 255 ? "not profiled" : "unaltered"));
      }
      reading.textContent = parts.join(" · ");
    }

    function choice(label, options, chosen) {
      const select = element("select", {}, options.map(function (pair) {
        return element("option", { value: pair[0], textContent: pair[1] });
      }));
      select.addEventListener("change", function () { chosen(select.value); });
      return [element("label", {}, [label, select]), select];
    }

    const sorts = [["groups", "all genes, from the top"]].concat(burden ? [["burden", burden.label]] : [],
      data.genes.map(function (gene) { return [gene, gene]; }));
    const sorting = choice("Sort tumours by", sorts, function (value) { state.by = value; show(); });
    const zooming = choice("Width", [["1", "as the page"], ["2", "2 times"], ["4", "4 times"], ["8", "8 times"]],
      function (value) { state.zoom = Number(value); draw(); });
    const together = element("input", { type: "checkbox", checked: true });
    together.addEventListener("change", function () { state.together = together.checked; show(); });
    const box = element("label", { className: "check" }, [together, " keep groups together"]);
    const controls = element("div", { className: "controls" }, [sorting[0], zooming[0]].concat(
      data.groups.length > 1 ? [box] : []));

    const buttons = data.genes.map(function (gene) {
      const button = element("button", { type: "button", textContent: gene, title: "Sort by " + gene });
      button.addEventListener("click", function () { state.by = gene; sorting[1].value = gene; show(); });
      return button;
    });
    function marked() {
      buttons.forEach(function (button, k) { button.setAttribute("aria-pressed", String(state.by === data.genes[k])); });
    }
    function percent(share) { return share === null ? "–" : share > 0 && share < 0.005 ? "<1 %" : Math.round(100 * share) + " %"; }
    const names = element("ul", { className: "names" }, data.tracks.map(function (track) {
      return element("li", { className: track.numbers ? "tall" : "", textContent: track.label });
    }).concat(buttons.map(function (button, k) {
      return element("li", {}, [button, element("span", { className: "share", textContent: percent(data.share[k]) })]);
    })));
    names.children[data.tracks.length].style.marginTop = GAP + "px";
    const canvas = element("canvas");
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", root.dataset.label);
    const scroll = element("div", { className: "scroll", tabIndex: 0 }, [canvas]);
    scroll.setAttribute("role", "region");
    scroll.setAttribute("aria-label", "Oncoprint, scrolls sideways");
    const reading = element("p", { className: "reading", textContent: "" });
    canvas.addEventListener("mousemove", read);
    canvas.addEventListener("mouseleave", function () { reading.textContent = ""; });

    function keys(title, entries) {
      return element("ul", { className: "keys" }, [element("li", {}, [element("b", { textContent: title })])].concat(
        entries.map(function (entry) {
          const swatch = element("span");
          swatch.style.background = entry.colour;
          return element("li", {}, [swatch, entry.name]);
        })));
    }
    const legends = [keys("Alteration", data.classes.concat([{ name: "unaltered", colour: data.unaltered },
      { name: "not profiled (thin line)", colour: data.missing }]))];
    data.tracks.forEach(function (track) { if (track.levels) { legends.push(keys(track.label, track.levels)); } });
    const frame = element("div", { className: "frame" }, [names, scroll]);
    root.prepend(element("div", { className: "interactive" }, [controls, frame, reading].concat(legends)));
    show();
    window.addEventListener("resize", draw);
  }

  document.querySelectorAll(".oncoprint").forEach(start);
}());
