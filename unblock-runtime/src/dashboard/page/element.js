// Elements of the page. Text always comes in as text nodes, never as markup.

/// Creates an element. Attributes whose names begin with `on` are listeners.
export function element(tag, attributes = {}, ...children) {
  const created = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) created.addEventListener(name.slice(2), value);
    else setAttribute(created, name, value);
  }
  created.append(...children);
  return created;
}

/// Sets the text of a node if it is another one: what has not changed is not drawn again.
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/// Sets the path of a function, which may break after each `::`, `.` and `_`.
export function setPath(node, path) {
  if (node.textContent === path) return;
  const parts = path.split(/(?<=::|[._])/);
  node.replaceChildren(...parts.flatMap(part => [part, document.createElement("wbr")]));
}

/// Sets an attribute if it is another one; `null` and `false` take it away.
export function setAttribute(node, name, value) {
  if (value === null || value === undefined || value === false) node.removeAttribute(name);
  else if (node.getAttribute(name) !== String(value)) node.setAttribute(name, value);
}

/// Makes `parent` have `count` children, where `create(index)` makes those that are missing.
export function resize(parent, count, create) {
  while (parent.children.length > count) parent.lastElementChild.remove();
  while (parent.children.length < count) parent.append(create(parent.children.length));
  return [...parent.children];
}
