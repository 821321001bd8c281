(function () {
  var said = document.getElementById("said");
  document.querySelectorAll(".cmd").forEach(function (box) {
    var code = box.querySelector("code"), button = document.createElement("button");
    button.type = "button";
    button.textContent = "Copy";
    button.setAttribute("aria-label", "Copy: " + code.textContent.slice(0, 80));
    button.addEventListener("click", function () {
      function told() {
        said.textContent = "";
        said.textContent = "copied";
        button.textContent = "Copied";
        setTimeout(function () { button.textContent = "Copy"; }, 1500);
      }
      function chosen() {
        var range = document.createRange();
        range.selectNodeContents(code);
        var selection = getSelection();
        selection.removeAllRanges();
        selection.addRange(range);
        try { if (document.execCommand("copy")) told(); } catch (refused) { /* the text is selected: that is enough */ }
      }
      if (navigator.clipboard) navigator.clipboard.writeText(code.textContent).then(told, chosen);
      else chosen();
    });
    box.appendChild(button);
  });
})();
