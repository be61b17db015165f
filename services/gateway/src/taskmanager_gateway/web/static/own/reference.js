// The HTTP API in Swagger UI. "Try it out" sends the token from "Authorize", or this browser's session cookie.

const csrf = document.querySelector('meta[name="csrf"]').content;

SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#reference",
  deepLinking: true,
  displayRequestDuration: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  filter: true,
  validatorUrl: null, // the default one is a public web service
  requestInterceptor: (request) => {
    if (csrf) request.headers["X-CSRF-Token"] = csrf;
    return request;
  },
});
