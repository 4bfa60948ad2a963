// Elements without markup: nothing that a server or a player says is ever read as HTML.

/** A new element. What is named on… listens, attributes are set, the children are elements or texts. */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element[name] = value;
    else set(element, name, value);
  }
  element.append(...present(children));
  return element;
}

const present = (children) => children.flat().filter((child) => child !== null && child !== undefined && child !== false);

/**
 * Makes the children of an element what the new ones are, by changing those that are there: whoever is about to press a
 * button, or has the focus on it, still finds it. Nodes are the same when tag and id are.
 */
export function become(element, ...children) {
  let at = element.firstChild;
  for (const child of present(children)) {
    const fresh = typeof child === "string" ? document.createTextNode(child) : child;
    const old = sameAs(fresh, at);
    if (!old) {
      element.insertBefore(fresh, at);
      continue;
    }
    while (at !== old) at = removed(at);
    if (fresh.nodeType === Node.TEXT_NODE) say(old, fresh.data);
    else adopt(old, fresh);
    at = old.nextSibling;
  }
  while (at) at = removed(at);
}

/** The node from at on that is the same as fresh: where that has an id any with it, otherwise only the next one. */
function sameAs(fresh, at) {
  const same = (node) => node.nodeName === fresh.nodeName && (node.id ?? "") === (fresh.id ?? "");
  while (at && fresh.id && !same(at)) at = at.nextSibling;
  return at && same(at) ? at : null;
}

function removed(node) {
  const next = node.nextSibling;
  node.remove();
  return next;
}

function adopt(old, child) {
  for (const { name } of [...old.attributes]) if (!child.hasAttribute(name)) old.removeAttribute(name);
  for (const { name, value } of child.attributes) set(old, name, value);
  for (const name of ["onclick", "onfocus"]) old[name] = child[name];
  become(old, ...child.childNodes);
}

/** Sets an attribute; false and null take it away, true leaves it empty. It touches nothing that is as it should be. */
export function set(element, name, value) {
  if (value === false || value === null || value === undefined) {
    if (element.hasAttribute(name)) element.removeAttribute(name);
    return;
  }
  const text = value === true ? "" : String(value);
  if (element.getAttribute(name) !== text) element.setAttribute(name, text);
}

/** Sets the text of an element, if it is another one. */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Shows an element, or not. */
export const show = (element, shown) => set(element, "hidden", !shown);

export const byId = (id) => document.getElementById(id);

const svgSpace = "http://www.w3.org/2000/svg";

/** A drawing of paths and circles: [["path", {d: …}], …] on a square of 100 by 100, or a part of it. */
export function drawing(className, shapes, frame = "0 0 100 100") {
  const svg = document.createElementNS(svgSpace, "svg");
  svg.setAttribute("viewBox", frame);
  svg.setAttribute("class", className);
  svg.setAttribute("aria-hidden", "true");
  for (const [tag, attributes] of shapes) {
    const shape = document.createElementNS(svgSpace, tag);
    for (const [name, value] of Object.entries(attributes)) shape.setAttribute(name, value);
    svg.append(shape);
  }
  return svg;
}
