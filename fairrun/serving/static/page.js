// Shows the API documentation. If the server requires a token, a form asks for it. The browser tab
// keeps the token.
(() => {
  const element = (id) => document.getElementById(id);
  const authorized = () => {
    const token = sessionStorage.getItem("token");
    return token ? { Authorization: `Bearer ${token}` } : {};
  };

  // Swagger UI leaves these elements without a name, or on another level than the headings around.
  const NAMES = {
    "select.examples-select-element": "Example",
    ".response-content-type select": "Media type of the response",
    ".body-param-content-type select": "Media type of the request",
    ".content-type-wrapper select": "Media type",
    ".responses-table": "Responses",
    ".live-responses-table": "Response of the server",
    ".body-param__text": "Body of the request",
  };
  const LEVELS = { ".info .title": 1, ".opblock-tag": 2, ".opblock-section-header h4": 3, "section.models > h4": 2 };
  const describe = () => {
    for (const [selector, name] of Object.entries(NAMES)) {
      for (const each of document.querySelectorAll(`${selector}:not([aria-label])`)) {
        const block = each.closest(".opblock");
        const path = block ? ` of ${block.querySelector(".opblock-summary-path").textContent}` : "";
        const row = each.closest("tr.response");
        each.setAttribute("aria-label", name + path + (row ? `, status ${row.dataset.code}` : ""));
      }
    }
    for (const each of document.querySelectorAll(".information-container:not([role])")) {
      each.setAttribute("role", "region");
      each.setAttribute("aria-label", "About the model");
    }
    for (const row of document.querySelectorAll("tr[data-param-name]")) {
      for (const each of row.querySelectorAll("select, input, textarea")) {
        each.setAttribute("aria-label", row.dataset.paramName);
      }
    }
    for (const [selector, level] of Object.entries(LEVELS)) {
      for (const each of document.querySelectorAll(`${selector}:not([aria-level])`)) {
        each.setAttribute("role", "heading");
        each.setAttribute("aria-level", level);
      }
    }
  };

  const show = (spec) => {
    document.title = `${spec.info.title}: API documentation`;
    new MutationObserver(describe).observe(element("page"), { childList: true, subtree: true });
    SwaggerUIBundle({
      spec,
      dom_id: "#page",
      defaultModelsExpandDepth: 0,
      defaultModelExpandDepth: 3,
      requestInterceptor: (request) => {
        Object.assign(request.headers, authorized());
        return request;
      },
    });
  };

  const load = async () => {
    let response;
    try {
      response = await fetch("openapi.json", { headers: authorized() });
    } catch {
      element("said").textContent = "The server does not answer. Is it running?";
      return;
    }
    const content = await response.json();
    const locked = response.status === 401;
    const tried = sessionStorage.getItem("token") !== null;
    element("ask").hidden = !locked;
    element("said").textContent = "";
    if (response.ok) {
      show(content);
    } else if (!locked) {
      element("said").textContent = content.error.message;
    } else {
      sessionStorage.removeItem("token");
      element("said").textContent = tried ? "The server refused this token." : "";
      element("token").focus();
    }
  };

  element("form").addEventListener("submit", (event) => {
    event.preventDefault();
    // A header can hold these characters only; others would make the request fail.
    const token = element("token").value.trim();
    sessionStorage.setItem("token", /^[\x20-\x7e]*$/.test(token) ? token : "?");
    element("token").value = "";
    load();
  });
  load();
})();
