// Dragging a piece from square to square, by mouse, pen or finger.

const slack = 6; // pixels of movement that still count as a click

/** Calls dragged(from, to) with the names of two squares. canDrag says which squares have something to drag. */
export function listenForDrags(root, { canDrag, dragged }) {
  let drag = null; // {from, x, y, square, ghost}

  const end = () => {
    drag?.ghost?.remove();
    drag?.square.classList.remove("lifted");
    drag = null;
  };

  root.addEventListener("pointerdown", (event) => {
    const square = event.target.closest("[data-square]");
    if (event.button !== 0 || !event.isPrimary || !square || !canDrag(square.dataset.square)) return;
    drag = { from: square.dataset.square, x: event.clientX, y: event.clientY, square, ghost: null };
  });

  root.addEventListener("pointermove", (event) => {
    if (!drag || !event.isPrimary) return;
    if (!drag.ghost) {
      if (Math.hypot(event.clientX - drag.x, event.clientY - drag.y) < slack) return;
      root.setPointerCapture(event.pointerId); // and the click that would follow goes to the board, which ignores it
      drag.ghost = lift(drag.square);
    }
    drag.ghost.style.transform = `translate(${event.clientX}px, ${event.clientY}px) translate(-50%, -50%)`;
  });

  root.addEventListener("pointerup", (event) => {
    if (!drag || !event.isPrimary) return;
    const { from, ghost } = drag;
    end();
    if (!ghost) return;
    const to = document.elementFromPoint(event.clientX, event.clientY)?.closest("[data-square]");
    if (to && root.contains(to) && to.dataset.square !== from) dragged(from, to.dataset.square);
  });

  root.addEventListener("pointercancel", end);
}

/** A copy of the square's piece that follows the pointer. */
function lift(square) {
  const piece = square.querySelector(".piece");
  const ghost = piece.cloneNode(true);
  const { width } = piece.getBoundingClientRect();
  ghost.classList.add("ghost");
  ghost.style.width = ghost.style.height = `${width}px`;
  square.classList.add("lifted");
  document.body.append(ghost);
  return ghost;
}
