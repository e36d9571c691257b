/** Where the browser starts. @module */
import "@fontsource-variable/inter/wght.css";
import "uplot/dist/uPlot.min.css";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/shell.css";
import "./styles/controls.css";
import "./styles/parts.css";
import "./styles/data.css";
import { render } from "preact";
import { App } from "./app.tsx";
import { useTheme } from "./models/theme.ts";

useTheme();
render(<App />, document.getElementById("app")!);
