// The page by itself. A page of your own calls `dashboard` with the place where it wants it.

import { dashboard } from "./dashboard.js";

dashboard(document.getElementById("dashboard"));
