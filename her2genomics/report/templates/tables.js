"use strict";
(function () {
  document.documentElement.classList.add("scripted");

  function element(tag, properties, children) {
    const made = Object.assign(document.createElement(tag), properties || {});
    (children || []).forEach(function (child) { made.append(child); });
    return made;
  }

  function enhance(root) {
    const data = JSON.parse(root.querySelector("script[type='application/json']").textContent);
    const table = root.querySelector("table");
    const body = table.tBodies[0];
    const heads = Array.from(table.tHead.rows[0].cells);
    const kinds = heads.map(function (head) { return head.className; });
    const caption = table.caption.textContent;
    const state = { page: 0, sort: -1, down: false, query: "", chosen: data.filters.map(function () { return ""; }) };
    let order = [];

    function value(column, row) { return data.columns[column].values[row]; }
    function text(shown, row) {
      if (shown.text !== null) { return shown.text[row]; }
      const plain = value(shown.source, row);
      return plain === null || plain === "" ? "–" : String(plain);
    }
    function number(x) { return x === "inf" ? Infinity : x === "-inf" ? -Infinity : x; }
    function compare(a, b) {
      if (typeof number(a) === "number" && typeof number(b) === "number") { return number(a) - number(b); }
      return String(a).localeCompare(String(b), "en", { numeric: true });
    }
    const searched = Array.from({ length: data.rows }, function (_, row) {
      return data.shown.map(function (shown) { return text(shown, row); }).join("\n").toLowerCase();
    });

    function arrange() {
      const query = state.query.trim().toLowerCase();
      order = [];
      for (let row = 0; row < data.rows; row += 1) {
        const kept = data.filters.every(function (column, k) {
          return state.chosen[k] === "" || String(value(column, row)) === state.chosen[k];
        });
        if (kept && searched[row].includes(query)) { order.push(row); }
      }
      if (state.sort >= 0) {
        const column = data.shown[state.sort].source;
        const sign = state.down ? -1 : 1;
        order.sort(function (i, j) {
          const a = value(column, i);
          const b = value(column, j);
          if (a === null || b === null) { return (a === null) - (b === null) || i - j; }
          return sign * compare(a, b) || i - j;
        });
      }
      state.page = 0;
    }

    function show() {
      const first = state.page * data.page;
      const rows = order.slice(first, first + data.page);
      body.replaceChildren.apply(body, rows.map(function (row) {
        return element("tr", {}, data.shown.map(function (shown, k) {
          const cell = element(k === 0 ? "th" : "td", { textContent: text(shown, row), className: kinds[k] });
          if (k === 0) { cell.scope = "row"; }
          return cell;
        }));
      }));
      const last = first + rows.length;
      const found = order.length === data.rows ? "" : " (of " + data.rows + ")";
      status.textContent = order.length ? "Rows " + (first + 1) + "–" + last + " of " + order.length + found
        : "No row fits" + found;
      previous.disabled = first === 0;
      next.disabled = last >= order.length;
      printed.textContent = order.length > rows.length || order.length < data.rows
        ? "Printed: rows " + (order.length ? first + 1 : 0) + "–" + last + " of " + order.length + found
          + "; the page saves all of them as a file." : "";
    }

    function save() {
      function cell(x) { return x === null ? "NA" : String(x).replace(/[\t\r\n]+/g, " "); }
      const lines = [data.columns.map(function (column) { return cell(column.name); }).join("\t")];
      order.forEach(function (row) {
        lines.push(data.columns.map(function (column) { return cell(column.values[row]); }).join("\t"));
      });
      const address = URL.createObjectURL(new Blob([lines.join("\n") + "\n"], { type: "text/tab-separated-values" }));
      const link = element("a", { href: address, download: data.file });
      document.body.append(link);
      link.click();
      link.remove();
      setTimeout(function () { URL.revokeObjectURL(address); }, 1000);
    }

    heads.forEach(function (head, k) {
      const button = element("button", { type: "button", className: "sort", textContent: head.textContent });
      head.replaceChildren(button);
      button.addEventListener("click", function () {
        state.down = state.sort === k ? !state.down : false;
        state.sort = k;
        heads.forEach(function (other) { other.removeAttribute("aria-sort"); });
        head.setAttribute("aria-sort", state.down ? "descending" : "ascending");
        arrange();
        show();
      });
    });

    const status = element("p", { role: "status" });
    status.setAttribute("role", "status");
    const search = element("input", { type: "search", autocomplete: "off", spellcheck: false });
    search.addEventListener("input", function () { state.query = search.value; arrange(); show(); });
    const previous = element("button", { type: "button", textContent: "Previous" });
    const next = element("button", { type: "button", textContent: "Next" });
    [[previous, -1], [next, 1]].forEach(function (pair) {
      pair[0].addEventListener("click", function () { state.page += pair[1]; show(); });
    });
    const saved = element("button", { type: "button", textContent: "Save as TSV" });
    saved.addEventListener("click", save);
    [[previous, "Previous rows: "], [next, "Next rows: "], [saved, "Save as TSV: "]].forEach(function (pair) {
      pair[0].setAttribute("aria-label", pair[1] + caption);
    });
    const choices = data.filters.map(function (column, k) {
      const seen = Array.from(new Set(data.columns[column].values.filter(function (x) { return x !== null; })));
      const select = element("select", {}, [element("option", { value: "", textContent: "all" })].concat(
        seen.map(function (x) { return element("option", { value: String(x), textContent: String(x) }); })));
      select.addEventListener("change", function () { state.chosen[k] = select.value; arrange(); show(); });
      return element("label", {}, [data.columns[column].name.replace(/_/g, " "), select]);
    });
    const printed = root.querySelector(".print-note") || element("p", { className: "print-note" });
    if (!printed.isConnected) { root.querySelector(".scroll").after(printed); }
    const label = element("label", {}, ["Search", search]);
    search.setAttribute("aria-label", "Search: " + caption);
    const paging = data.rows > data.page ? [previous, next] : [];
    const finding = data.rows > 10 ? [label].concat(choices, [status]) : [];
    root.querySelector(".scroll").before(element("div", { className: "controls" }, finding.concat(paging, [saved])));
    arrange();
    show();
  }

  document.querySelectorAll(".data-table").forEach(enhance);
  window.addEventListener("beforeprint", function () {
    document.querySelectorAll("details:not([open]):not(.legend)").forEach(function (folded) {
      folded.dataset.folded = "yes";
      folded.open = true;
    });
  });
  window.addEventListener("afterprint", function () {
    document.querySelectorAll("details[data-folded]").forEach(function (opened) {
      delete opened.dataset.folded;
      opened.open = false;
    });
  });
}());
