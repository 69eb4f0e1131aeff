/// HTML that is being written. Whatever comes from a recording goes through ``text(_:)`` or an attribute, and is escaped.
struct Markup {
  private(set) var source = ""

  /// Text of others: neither a tag nor an entity, nor anything that a reader does not see, is left in it.
  mutating func text(_ text: String) { source += escaped(text) }

  /// An element with text in it.
  mutating func element(_ tag: String, _ text: String, _ attributes: [(String, String)] = []) {
    element(tag, attributes) { $0.text(text) }
  }

  /// An element.
  mutating func element(_ tag: String, _ attributes: [(String, String)] = [], _ body: (inout Markup) -> Void) {
    open(tag, attributes)
    body(&self)
    source += "</\(tag)>"
    if Self.blocks.contains(tag) { source += "\n" }
  }

  /// A term of a list, and what it is.
  mutating func term(_ name: String, _ text: String) {
    element("dt", name)
    element("dd", text)
  }

  /// A shape of SVG, with nothing in it.
  mutating func shape(_ tag: String, _ attributes: [(String, String)]) {
    begin(tag, attributes)
    source += "/>"
  }

  private mutating func open(_ tag: String, _ attributes: [(String, String)]) {
    begin(tag, attributes)
    source += ">"
  }

  private mutating func begin(_ tag: String, _ attributes: [(String, String)]) {
    source += "<" + tag
    for (name, value) in attributes { source += " \(name)=\"\(escaped(value))\"" }
  }

  /// What has been escaped already.
  mutating func raw(_ markup: String) { source += markup }

  private static let blocks: Set<String> = [
    "p", "h1", "h2", "h3", "section", "tr", "table", "details", "summary", "pre", "ul", "li", "dl", "dd", "svg",
    "figure",
    "header", "footer", "main", "style", "title", "thead", "tbody", "article", "g",
  ]
}

/// Text for HTML and SVG, in an element or in a quoted attribute.
func escaped(_ text: String) -> String {
  var result = ""
  for scalar in printable(text, keepingLines: true).unicodeScalars {
    switch scalar {
    case "&": result += "&amp;"
    case "<": result += "&lt;"
    case ">": result += "&gt;"
    case "\"": result += "&quot;"
    case "'": result += "&#39;"
    default: result.unicodeScalars.append(scalar)
    }
  }
  return result
}

/// ``printable(_:)``, line by line.
private func printable(_ text: String, keepingLines: Bool) -> String {
  text.split(separator: "\n", omittingEmptySubsequences: false).map { printable(String($0)) }.joined(separator: "\n")
}
