// Files that a visitor chooses or drops, and their bytes as text; put in front of a component's own code.

// Calls `take` with the files that are chosen in an input or dropped into a zone.
function takeFiles(zone, input, take) {
  input.onchange = () => {
    if (input.files.length) take([...input.files]);
    input.value = ""; // otherwise the same files could not be chosen again
  };
  zone.ondragover = (event) => {
    event.preventDefault();
    zone.classList.add("over");
  };
  zone.ondragleave = () => zone.classList.remove("over");
  zone.ondrop = (event) => {
    event.preventDefault();
    zone.classList.remove("over");
    if (event.dataTransfer.files.length) take([...event.dataTransfer.files]);
  };
}

// Resolves with the bytes in base64; empty if they cannot be read.
function toBase64(blob) {
  return new Promise((resolve) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result.split(",")[1] ?? "");
    reader.onerror = () => resolve("");
    reader.readAsDataURL(blob);
  });
}
