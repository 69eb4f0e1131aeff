import RecordingFormat

/// Kernels × workloads, and how they went over the nights.
extension MorningPage {
  /// Rows are workloads, columns kernels.
  var table: String {
    struct Column: Hashable { let line, flavour: String }
    var rows: [String: [Column: Grid.Cell]] = [:]
    var columns: Set<Column> = []
    for cell in grid.cells {
      let column = Column(line: cell.line, flavour: cell.flavour)
      columns.insert(column)
      rows[cell.workload, default: [:]][column] = cell
    }
    let order = columns.sorted { ($0.line, $0.flavour) < ($1.line, $1.flavour) }
    let head = order.map { "<th>\(escape($0.line))<br>\(escape($0.flavour))" }.joined()
    let body = rows.sorted { $0.key < $1.key }.map { workload, cells in
      "<tr><th>\(escape(workload))" + order.map { column in cells[column].map(cell) ?? "<td>" }.joined()
    }
    return "<h2>Kernels and workloads</h2>\n<p>The last verdict and the number of defects\(legend).</p>\n"
      + "<div class=\"wide\"><table><thead><tr><th>\(head)<tbody>\n" + body.joined(separator: "\n")
      + "\n</table></div>\n"
  }

  private var legend: String {
    guard grid.nights.count > 1 else { return "" }
    return ", and the course over \(grid.nights.count) nights: the share of checks that were decided (line), events "
      + "(dots), and where it was compared the most anon_vmas at a time (dashes)"
  }

  private func cell(_ cell: Grid.Cell) -> String {
    guard let last = cell.points.last else { return "<td>" }
    let isNow = last.night == grid.nights.count - 1
    let word = isNow ? last.verdict.rawValue : "gone"
    let defects = isNow && last.defects > 0 ? " \(last.defects)" : ""
    let decided = share(last).map { "\(percent($0)) decided, " } ?? ""
    let size = last.size.map { size in
      ", at most \(size.anonVMAs) anon_vmas and \(size.avcs) AVCs, \((size.bytes + 1023) / 1024) KiB"
    }
    let title = escape("\(grid.nights[last.night]): \(decided)\(last.events) events\(size ?? "")")
    return "<td class=\"word \(word)\" title=\"\(title)\">\(word)\(defects) \(course(cell.points))"
  }

  private func share(_ point: Grid.Point) -> UInt64? {
    let all = Double(point.decided) + Double(point.undecided)
    return all == 0 ? nil : UInt64(Double(point.decided) / all * 1000)
  }

  // MARK: Courses

  /// A test's course, as wide as there are nights. Each line has a scale of its own.
  private func course(_ points: [Grid.Point]) -> String {
    guard grid.nights.count > 1 else { return "" }
    let line = points.compactMap { point in share(point).map { "\(x(point.night)),\(18 - Int($0) * 16 / 1000)" } }
    let most = Double(points.map(\.events).max() ?? 0)
    let dots = points.filter { $0.events > 0 }.map { "M\(x($0.night)) \(y(Double($0.events), most))h0" }
    let largest = Double(points.compactMap { $0.size?.anonVMAs }.max() ?? 0)
    let sizes = points.compactMap { point in
      point.size.map { "\(x(point.night)),\(y(Double($0.anonVMAs), largest))" }
    }
    let dashes = sizes.isEmpty ? "" : polyline(sizes, "stroke-dasharray=\"3 2\" opacity=\".8\"")
    return "<svg width=\"64\" height=\"20\"><path d=\"\(dots.joined())\" stroke=\"currentColor\" stroke-width=\"2\" "
      + "stroke-linecap=\"round\" opacity=\".5\"/>\(polyline(line))\(dashes)</svg>"
  }

  private func x(_ night: Int) -> Int { 2 + night * 60 / max(1, grid.nights.count - 1) }

  private func y(_ value: Double, _ most: Double) -> Int { 18 - Int(16 * value / max(1, most)) }

  private func polyline(_ points: [String], _ style: String = "") -> String {
    "<polyline points=\"\(points.joined(separator: " "))\" fill=\"none\" stroke=\"currentColor\" \(style)/>"
  }

  // MARK: Trends

  /// All tests together; nothing for what no test of a night has.
  var trends: String {
    guard grid.nights.count > 1 else { return "" }
    let none = [Double?](repeating: nil, count: grid.nights.count)
    var (decided, all, events, tests, broken, sizes) = (none, none, none, none, none, none)
    func add(_ value: Double, to sums: inout [Double?], _ point: Grid.Point) {
      sums[point.night] = (sums[point.night] ?? 0) + value
    }
    for point in grid.cells.flatMap(\.points) {
      add(Double(point.decided), to: &decided, point)
      add(Double(point.decided) + Double(point.undecided), to: &all, point)
      add(Double(point.events), to: &events, point)
      add(1, to: &tests, point)
      add(point.verdict == .violated ? 1 : 0, to: &broken, point)
      if let size = point.size { add(Double(size.anonVMAs), to: &sizes, point) }
    }
    let shares = zip(decided, all).map { decided, all in
      all.flatMap { all in all == 0 ? nil : (decided ?? 0) / all * 100 }
    }
    return "<h2>\(grid.nights.count) nights</h2>\n" + chart("Decided, % of all checks", shares, to: 100)
      + chart("Events", events) + chart("Tests", tests) + chart("Tests that are violated", broken)
      + (sizes.allSatisfy { $0 == nil } ? "" : chart("anon_vmas, the most at a time of each test", sizes))
  }

  private func chart(_ name: String, _ values: [Double?], to high: Double? = nil) -> String {
    let top = max(high ?? values.compactMap { $0 }.max() ?? 0, 1)
    let points = values.enumerated().compactMap { index, value in
      value.map { "\(4 + index * 232 / max(1, values.count - 1)),\(76 - Int($0 / top * 70))" }
    }
    let now = values.last.flatMap { $0 }.map { high == nil ? "\(UInt64($0))" : percent(UInt64($0 * 10)) }
    return "<figure><figcaption>\(escape(name)): \(now ?? "none")</figcaption>"
      + "<svg width=\"240\" height=\"80\" role=\"img\" aria-label=\"\(escape(name))\"><path d=\"M0 76.5h240\" stroke=\"currentColor\" opacity=\".4\"/>"
      + polyline(points, "stroke-width=\"1.5\"") + "</svg></figure>\n"
  }
}
