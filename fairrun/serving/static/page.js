// Opens the page. Where the app asks for a token, it is asked for once and kept for this tab.
(async () => {
  const document_ = "openapi.json";
  let token = sessionStorage.getItem("token");
  const authorized = () => (token ? { Authorization: `Bearer ${token}` } : {});
  if ((await fetch(document_, { headers: authorized() })).status === 401) {
    token = prompt("Bearer token") || "";
    sessionStorage.setItem("token", token);
  }
  SwaggerUIBundle({
    url: document_,
    dom_id: "#page",
    defaultModelsExpandDepth: 1,
    defaultModelExpandDepth: 3,
    requestInterceptor: (request) => {
      Object.assign(request.headers, authorized());
      return request;
    },
  });
})();
