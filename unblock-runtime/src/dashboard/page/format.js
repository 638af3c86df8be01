// Numbers as people read them. All times come in microseconds.

const NUMBERS = new Intl.NumberFormat("en-US");
const CLOCK = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });

/// 1234567 is "1,234,567".
export function count(number) {
  return NUMBERS.format(Math.round(number));
}

/// "1 job", "2 jobs".
export function counted(number, noun) {
  return `${count(number)} ${noun}${number === 1 ? "" : "s"}`;
}

/// A number per second: "0", "0.4", "12", "3,400".
export function rate(number) {
  if (number > 0 && number < 10) return String(Number(number.toFixed(1)) || "<0.1");
  return count(number);
}

/// "340 µs", "3.4 ms", "12 ms", "1.24 s", "2 min 5 s", "3 h 12 min".
export function time(micros) {
  if (micros === null || micros === undefined) return "–";
  if (micros < 1000) return `${micros} µs`;
  const millis = micros / 1000;
  if (millis < 9.95) return `${millis.toFixed(1)} ms`;
  if (millis < 999.5) return `${Math.round(millis)} ms`;
  const seconds = millis / 1000;
  if (seconds < 9.995) return `${seconds.toFixed(2)} s`;
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.floor(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${count(Math.floor(whole / 3600))} h ${Math.floor(whole / 60) % 60} min`;
}

/// As `unit` writes it, without zeros behind the point: "1.00 s" is "1 s".
export function short(unit, number) {
  return unit(number).replace(/\.0+(?=\D|$)/, "");
}

/// The time of day, as the browser's clock shows it.
export function clock(micros) {
  return CLOCK.format(new Date(micros / 1000));
}
