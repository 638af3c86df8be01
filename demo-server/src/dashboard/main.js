// The library's page, with an experiment in it.

import { dashboard } from "/unblock/dashboard.js";
import { experiment } from "./experiment.js";

const root = document.getElementById("dashboard");
dashboard(root, "/unblock", experiment(root.dataset.mode, Number(root.dataset.loops)));
