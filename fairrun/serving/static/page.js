// Shows the API documentation. If the server requires a token, the page asks for it once and keeps it
// for this browser tab.
(async () => {
  const document_ = "openapi.json";
  let token = sessionStorage.getItem("token");
  const authorized = () => (token ? { Authorization: `Bearer ${token}` } : {});
  if ((await fetch(document_, { headers: authorized() })).status === 401) {
    token = prompt("This server requires a token. Enter the bearer token:") || "";
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
