"use strict";
const key = document.currentScript.dataset.key;
const reference = SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#reference",
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  tryItOutEnabled: true,
  validatorUrl: null, // The badge would load from another host.
  onComplete: () => reference.preauthorizeApiKey("apiKey", key),
});
