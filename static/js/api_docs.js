// Draw the API's schema with Swagger UI. What is tried out goes with the session, so it carries the CSRF token.
const place = document.getElementById("operations");

const csrfToken = () =>
  document.cookie.split("; ").find((pair) => pair.startsWith("csrftoken="))?.slice("csrftoken=".length) ?? "";

const withCsrfToken = (request) => {
  if (request.method && request.method !== "GET") request.headers["X-CSRFToken"] = csrfToken();
  return request;
};

SwaggerUIBundle({
  url: place.dataset.schema,
  domNode: place,
  deepLinking: true,
  docExpansion: "list",
  validatorUrl: null,
  requestInterceptor: withCsrfToken,
});
