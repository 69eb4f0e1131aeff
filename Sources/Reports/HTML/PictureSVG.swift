import Pictures
import RmapEvents

/// The graph as SVG within a page, in the shape of the text form: chains run from left to right, trees from top to bottom.
///
/// Drawn here and not by Graphviz, so that a report is the same wherever it is made. The classes are those of HTMLStyle.
struct PictureSVG {
  private let shown: GraphPicture
  private let rowHeight = 24.0
  private let pitch = 158.0
  private let left: Double
  private let head = 84.0
  /// Of a figure of the monospaced font.
  private static let digit = 7.3

  init(_ shown: GraphPicture) {
    self.shown = shown
    let longest = shown.vmas.map { Self.label($0).count }.max() ?? 24
    left = 24 + Double(max(longest, 24)) * Self.digit
  }

  private static func label(_ vma: GraphPicture.VMANode) -> String {
    if vma.view.mm.isNull { return "\(vma.name)  vma \(vma.view.address)" }
    return "\(vma.name)  \(vma.view.start)-\(vma.view.end)  pgoff \(vma.view.anonPgoff)"
  }

  private var mmRows: Int { shown.mms.count }
  private var height: Double {
    head + Double(shown.vmas.count + mmRows) * rowHeight + 12 + Double(shown.folios.count) * rowHeight
  }

  /// The drawing; a sentence where there is nothing to draw.
  func render(_ title: String) -> String {
    var page = Markup()
    if shown.isEmpty {
      page.element("p", "None of these objects is in the graph.", [("class", "faint")])
      return page.source
    }
    let longest = shown.folios.map { words($0).count }.max() ?? 0
    let width = max(left + Double(max(1, shown.anonVMAs.count)) * pitch, 28 + Double(longest) * Self.digit)
    page.element(
      "svg",
      [
        ("role", "img"), ("aria-label", title), ("width", number(width)), ("height", number(height)),
        ("viewBox", "0 0 \(number(width)) \(number(height))"),
      ]
    ) { page in
      for column in shown.anonVMAs.indices { tree(column, &page) }
      var y = head
      var mm: KernelAddress?
      for row in shown.vmas.indices {
        if shown.vmas[row].view.mm != mm {
          mm = shown.vmas[row].view.mm
          frame(mm ?? .null, y, &page)
          y += rowHeight
        }
        vma(row, y, &page)
        y += rowHeight
      }
      for folio in shown.folios {
        self.folio(folio, y + 8, &page)
        y += rowHeight
      }
    }
    return page.source
  }

  private func x(_ column: Int) -> Double { left + 12 + Double(column) * pitch }

  private func tree(_ column: Int, _ page: inout Markup) {
    let node = shown.anonVMAs[column]
    let bottom = head + Double(shown.vmas.count + mmRows) * rowHeight
    line(x(column), 66, x(column), bottom, "tree", &page)
    let style = node.isWrong || node.state == nil ? "bad" : ""
    text(
      x(column) - 6, 16, "\(node.name)\(node.state.map { $0.root == node.address ? " root" : "" } ?? "")", style, &page)
    text(x(column) - 6, 31, "\(node.address)", "faint", &page)
    guard let state = node.state else {
      return text(x(column) - 6, 46, node.wasFreed ? "freed" : "never seen", "bad", &page)
    }
    if state.root != node.address {
      text(x(column) - 6, 46, "root \(name(state.root)) parent \(name(state.parent))", "faint", &page)
    }
    let counts = "children \(count(state.children)) active \(count(state.active))"
    text(x(column) - 6, 61, counts, node.isWrong ? "bad" : "faint", &page)
  }

  private func frame(_ mm: KernelAddress, _ y: Double, _ page: inout Markup) {
    let rows = Double(shown.vmas.count { $0.view.mm == mm })
    page.shape(
      "rect",
      [
        ("class", "mm"), ("x", "1"), ("y", number(y + 3)), ("width", number(left - 10)),
        ("height", number(rowHeight * (rows + 1) - 4)), ("rx", "5"),
      ])
    text(9, y + 18, mm.isNull ? "not set up yet" : "mm \(mm)", "faint", &page)
  }

  private func vma(_ row: Int, _ y: Double, _ page: inout Markup) {
    let middle = y + rowHeight / 2
    text(14, middle + 4, Self.label(shown.vmas[row]), shown.vmas[row].isWrong ? "bad" : "", &page)
    let edges = shown.edges.filter { $0.vma == row }
    guard let last = edges.map(\.anonVMA).max() else { return }
    // Words stand above the line: it may go on behind them.
    line(left - 9, middle, x(last), middle, "row", &page)
    for edge in edges { avc(edge, x(edge.anonVMA), middle, &page) }
  }

  private func avc(_ edge: GraphPicture.AVCEdge, _ x: Double, _ y: Double, _ page: inout Markup) {
    let style =
      switch edge.state {
      case .missing: "gap"
      case .parked: "parked"
      case .linked: edge.isWrong ? "wrong" : edge.isOwn ? "own" : "avc"
      }
    page.element("g") { page in
      page.element("title", edge.avc.map { "AVC \($0)" } ?? "An AVC is missing here.")
      page.shape(
        "circle",
        [("class", style), ("cx", number(x)), ("cy", number(y)), ("r", edge.state == .missing ? "9" : "6")])
      if edge.state == .missing {
        line(x - 4, y - 4, x + 4, y + 4, "x", &page)
        line(x - 4, y + 4, x + 4, y - 4, "x", &page)
      }
    }
    if edge.state == .missing { text(x + 11, y - 5, "AVC is missing", "bad", &page) }
    if edge.state == .parked { text(x + 8, y - 4, "out of tree", "faint", &page) }
    if edge.state == .linked, edge.isWrong { text(x + 8, y - 4, "wrong", "bad", &page) }
  }

  private func folio(_ node: GraphPicture.FolioNode, _ y: Double, _ page: inout Markup) {
    text(14, y + 14, words(node), node.isWrong ? "bad" : "", &page)
  }

  private func words(_ node: GraphPicture.FolioNode) -> String {
    var words = "\(node.name)  folio \(node.address)  index \(node.index)"
    if let anonVMA = node.anonVMA { words += "  mapping \(shown.anonVMAs[anonVMA].name)" }
    let vmas = node.mappedBy.map { shown.vmas[$0.vma].name }
    return words + (vmas.isEmpty ? "  not mapped here" : "  mapped by " + vmas.joined(separator: " "))
  }

  private func name(_ address: KernelAddress) -> String {
    shown.anonVMAs.first { $0.address == address }?.name ?? "?"
  }

  private func count(_ value: Int64?) -> String { value.map(String.init) ?? "?" }

  private func line(
    _ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ style: String, _ page: inout Markup
  ) {
    page.shape(
      "line",
      [("class", style), ("x1", number(x1)), ("y1", number(y1)), ("x2", number(x2)), ("y2", number(y2))])
  }

  private func text(_ x: Double, _ y: Double, _ text: String, _ style: String, _ page: inout Markup) {
    page.element("text", text, [("class", style), ("x", number(x)), ("y", number(y))])
  }
}

/// A coordinate, with one digit behind the point at most, the same on every machine.
private func number(_ value: Double) -> String {
  let tenths = Int((value * 10).rounded())
  return tenths % 10 == 0 ? "\(tenths / 10)" : "\(tenths / 10).\(abs(tenths % 10))"
}
