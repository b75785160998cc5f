// What the dashboard does in the browser: cells of the tables, filters in the address, times, charts that grow point by point.
window.petiole = (() => {
  const TONES = {
    online: "good", offline: "bad", pending: "none",
    offered: "busy", downloading: "busy", verified: "busy", staged: "busy", probation: "busy",
    confirmed: "good", "rolled-back": "warn", failed: "bad",
  };
  const LEVELS = ["trace", "debug", "info", "warn", "error", "critical"];
  const MAX_POINTS = 20000;

  const make = (tag, className, text) => {
    const element = document.createElement(tag);
    if (className) element.className = className;
    if (text !== undefined) element.textContent = text;
    return element;
  };
  const chip = (text) => make("span", `chip ${TONES[text] || "none"}`, text);

  // --- Times: relative, with the full time on hover -------------------------------------------------------------
  const relative = (ms) => {
    const seconds = Math.round((Date.now() - ms) / 1000);
    if (seconds < -5) return "in the future";
    if (seconds < 5) return "just now";
    if (seconds < 60) return `${seconds} s ago`;
    if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
    if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ago`;
    return `${Math.floor(seconds / 86400)} d ago`;
  };
  const absolute = (ms) => new Date(ms).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" });
  const fillTime = (element) => {
    const ms = Number(element.dataset.ms);
    const text = ms ? relative(ms) : "never";
    if (element.textContent !== text) element.textContent = text;
    if (ms && !element.title) {
      element.title = absolute(ms);
      element.dateTime = new Date(ms).toISOString();
    }
  };
  const time = (ms) => {
    const element = make("time");
    element.dataset.ms = ms || "";
    fillTime(element);
    return element;
  };
  setInterval(() => document.querySelectorAll("time[data-ms]").forEach(fillTime), 1000);
  new MutationObserver((changes) => {
    for (const change of changes) {
      if (change.type === "attributes") change.target.title = "";
      for (const node of change.addedNodes) {
        if (node.nodeType === 1) node.querySelectorAll("time[data-ms]").forEach(fillTime);
      }
      if (change.type === "attributes") fillTime(change.target);
    }
  }).observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ["data-ms"] });

  // --- Cells --------------------------------------------------------------------------------------------------
  const cells = {
    chip: (params) => chip(params.value),
    time: (params) => time(params.value),
    device: (params) => {
      const link = make("a", "", params.value);
      link.href = `/devices/${encodeURIComponent(params.value)}`;
      return link;
    },
    workloads: (params) => {
      const list = make("div", "cell-list");
      for (const workload of params.value) {
        const item = make("span");
        const previous = workload.previous ? ` (runs ${workload.previous})` : "";
        item.append(make("span", "", `${workload.name} ${workload.version}${previous}`), chip(workload.state));
        if (workload.reason) item.title = workload.reason;
        list.append(item);
      }
      return list;
    },
    level: (params) => make("span", `level-${params.value}`, params.value || ""),
    clock: (params) => {
      const moment = new Date(params.value);
      const element = make("span", "mono", moment.toLocaleTimeString(undefined, { hour12: false }));
      element.title = `${absolute(params.value)} (${relative(params.value)})`;
      return element;
    },
    digest: (params) => {
      const element = make("span", "mono", String(params.value).slice(0, 16));
      element.title = params.value;
      return element;
    },
  };

  // --- Filters of tables, kept in the address ------------------------------------------------------------------
  const filters = {};
  const attention = (device) => device.workloads.some((w) => w.state === "rolled-back" || w.state === "failed");
  const passes = {
    devices: (wanted, device) => {
      if (wanted.status === "attention" ? !attention(device) : wanted.status && device.status !== wanted.status) return false;
      if (wanted.kind && device.kind !== wanted.kind) return false;
      if (wanted.site && device.site !== wanted.site) return false;
      const names = device.workloads.flatMap((w) => [w.name, w.version, w.state, w.reason]);
      const text = [device.device, device.site, device.kind, device.status, ...names].join(" ").toLowerCase();
      return (wanted.q || "").toLowerCase().split(/\s+/).every((word) => text.includes(word));
    },
    events: (wanted, event) => {
      if (wanted.kind && event.kind !== wanted.kind) return false;
      if (!wanted.level || !event.level) return true;
      return LEVELS.indexOf(event.level) >= LEVELS.indexOf(wanted.level);
    },
  };
  const setFilters = (name, wanted, gridId) => {
    filters[name] = wanted;
    const query = new URLSearchParams(Object.entries(wanted).filter(([, value]) => value));
    history.replaceState(history.state, "", location.pathname + (query.size ? `?${query}` : ""));
    if (gridId !== undefined) getElement(gridId)?.api?.onFilterChanged();
  };

  // --- Charts: only new points travel, they are put in order of time here ------------------------------------------
  const series = {};
  const withGaps = (points) => {
    const steps = points.slice(1).map((point, at) => point[0] - points[at][0]).sort((a, b) => a - b);
    const limit = Math.max(10000, 8 * (steps[Math.floor(steps.length / 2)] || 0));
    const result = [];
    points.forEach((point, at) => {
      if (at && point[0] - points[at - 1][0] > limit) result.push([points[at - 1][0] + 1, null]);
      result.push(point);
    });
    return result;
  };
  const append = (chartId, points, windowMs) => {
    const known = (series[chartId] ||= new Map());
    for (const [ms, value] of points) known.set(ms, value);
    const since = Math.max(...known.keys()) - windowMs;
    for (const ms of known.keys()) if (ms < since) known.delete(ms);
    draw(chartId);
  };
  // A chart may come after its first points: whatever waits for it draws what is known by then.
  const draw = (chartId) => {
    const chart = getElement(chartId)?.chart;
    if (!chart) return void setTimeout(() => draw(chartId), 50);
    const ordered = [...series[chartId]].sort((a, b) => a[0] - b[0]).slice(-MAX_POINTS);
    chart.setOption({ series: [{ data: withGaps(ordered) }] });
  };

  const setDark = (value) => { document.cookie = `petiole-dark=${value}; path=/; max-age=31536000; samesite=strict`; };

  return { cells, filters, passes, setFilters, append, setDark };
})();
