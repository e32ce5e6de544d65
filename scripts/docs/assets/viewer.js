"use strict";
if (window.matchMedia("(prefers-color-scheme: dark)").matches) {
  document.documentElement.classList.add("dark-mode");
}
SwaggerUIBundle({
  spec: window.contract,
  dom_id: "#reference",
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  supportedSubmitMethods: [], // A click must not cost money.
  validatorUrl: null, // The badge would ask another host.
});
