import FoundationEssentials

/// A chart of lines as an SVG file, the same bytes every time.
public struct LineChart: Sendable {
  /// One or several series with the same points.
  struct Line: Sendable {
    var names: [String]
    let points: [Point]
    /// Its colour and dashes: the same number, the same look, in every chart.
    let style: Int
    /// Points of it that are marked.
    var marks: [Point] = []
  }

  /// A point.
  struct Point: Sendable, Equatable {
    let x: Double
    let y: Double
  }

  /// The file's name.
  public let fileName: String
  let title: String
  let xTitle: String
  let yTitle: String
  /// Whether y is a percentage that holds for all x down to the last point, as in a distribution.
  let isDistribution: Bool
  private(set) var lines: [Line] = []
  /// Whether there is anything to draw.
  var hasPoints: Bool { lines.contains { !$0.points.isEmpty } }
  private let xIsLogarithmic: Bool

  init(
    fileName: String, title: String, xTitle: String, yTitle: String, isDistribution: Bool = false,
    xIsLogarithmic: Bool = false
  ) {
    self.fileName = fileName
    self.title = title
    self.xTitle = xTitle
    self.yTitle = yTitle
    self.isDistribution = isDistribution
    self.xIsLogarithmic = xIsLogarithmic
  }

  /// Adds a series; one that lies on another shares its line and its look. What is marked stands in the legend with a
  /// cross behind its name.
  mutating func add(_ name: String, _ points: [Point], style: Int? = nil, mark: Point? = nil) {
    guard !points.isEmpty else { return }
    let shown = mark == nil ? name : name + " \u{d7}"
    let index: Int
    if let same = lines.firstIndex(where: { $0.points == points }) {
      lines[same].names.append(shown)
      index = same
    } else {
      lines.append(Line(names: [shown], points: points, style: style ?? lines.count))
      index = lines.count - 1
    }
    if let mark { lines[index].marks.append(mark) }
  }

  /// Writes the file into a folder, which is made if it is not there.
  public func write(into folder: String) throws { try Self.write(svg, as: fileName, into: folder) }

  static func write(_ svg: String, as fileName: String, into folder: String) throws {
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    } catch {
      throw ChartError(path: folder)
    }
    let path = folder.hasSuffix("/") ? folder + fileName : folder + "/" + fileName
    guard FileManager.default.createFile(atPath: path, contents: Data(svg.utf8)) else {
      throw ChartError(path: path)
    }
  }

  /// A plot that could not be written.
  public struct ChartError: Error, CustomStringConvertible {
    /// Where it was to be.
    public let path: String
    /// One line.
    public var description: String {
      "\(path): cannot be written; name a folder that may be made or written to after --plot"
    }
  }

  // MARK: Drawing

  static let (width, height) = (860.0, 440.0)
  private static let (left, right, top, bottom) = (70.0, 250.0, 40.0, 50.0)
  /// Told apart by people who see colours differently (Okabe and Ito), and by their dashes.
  private static let colours = [
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#000000", "#e69f00", "#56b4e9", "#7f7f7f", "#8c564b", "#bcbd22",
    "#17becf",
  ]
  private static let dashes = ["", "7 3", "2 2", "10 3 2 3"]

  /// A colour and dashes, another pair for each of the first 44 styles: where the colours begin again, the dashes of the
  /// first one are not the same.
  package static func look(_ style: Int) -> (colour: String, dash: String) {
    let round = style / colours.count
    // 11 styles later it would be three dashes further, with one for the round the same again.
    return (colours[style % colours.count], dashes[(style + 2 * round) % dashes.count])
  }

  var svg: String { element("") }

  /// The picture, with more attributes: where it stands in another.
  func element(_ place: String) -> String {
    let frame = Frame(lines, xIsLogarithmic: xIsLogarithmic, yIsPercentage: isDistribution)
    var text = """
      <svg xmlns="http://www.w3.org/2000/svg"\(place) width="\(Int(Self.width))" height="\(Int(Self.height))" \
      viewBox="0 0 \(Int(Self.width)) \(Int(Self.height))" font-family="sans-serif" font-size="12">
      <rect width="100%" height="100%" fill="white"/>
      <text x="\(Self.left)" y="22" font-size="14">\(Self.escaped(title))</text>

      """
    axes(frame, &text)
    var row = 0
    for line in lines { draw(line, &row, frame, &text) }
    if lines.contains(where: { !$0.marks.isEmpty }) {
      let (x, y) = (Self.width - Self.right + 14, Self.top + 14 + Double(row) * 14)
      text += "<text x=\"\(x)\" y=\"\(y)\">\u{d7} first wrong step</text>\n"
    }
    return text + "</svg>\n"
  }

  private func axes(_ frame: Frame, _ text: inout String) {
    let (floor, ceiling) = (Self.height - Self.bottom, Self.top)
    let (start, end) = (Self.left, Self.width - Self.right)
    for tick in frame.yTicks {
      let y = Self.number(place(Point(x: 0, y: tick), frame).y)
      text += "<path d=\"M\(start) \(y)H\(end)\" stroke=\"#dddddd\"/>\n"
      text +=
        "<text x=\"\(start - 6)\" y=\"\(y)\" dy=\"4\" text-anchor=\"end\">\(Self.label(frame.y.value(of: tick)))</text>\n"
    }
    for tick in frame.xTicks {
      let x = Self.number(place(Point(x: tick, y: 0), frame).x)
      text += "<path d=\"M\(x) \(floor)v5\" stroke=\"black\"/>\n"
      text += "<text x=\"\(x)\" y=\"\(floor + 18)\" text-anchor=\"middle\">\(Self.label(tick))</text>\n"
    }
    text += "<path d=\"M\(start) \(ceiling)V\(floor)H\(end)\" stroke=\"black\" fill=\"none\"/>\n"
    text += """
      <text x="\((start + end) / 2)" y="\(Self.height - 12)" text-anchor="middle">\(Self.escaped(named(xTitle, frame.x)))</text>
      <text x="16" y="\((floor + ceiling) / 2)" text-anchor="middle" \
      transform="rotate(-90 16 \((floor + ceiling) / 2))">\(Self.escaped(named(yTitle, frame.y)))</text>

      """
  }

  private func named(_ title: String, _ axis: Axis) -> String {
    axis.isLogarithmic ? "\(title) (logarithmic)" : title
  }

  private func draw(_ line: Line, _ row: inout Int, _ frame: Frame, _ text: inout String) {
    let (colour, dash) = Self.look(line.style)
    let style =
      "stroke=\"\(colour)\" stroke-width=\"2\" fill=\"none\"" + (dash.isEmpty ? "" : " stroke-dasharray=\"\(dash)\"")
    var path = ""
    for (number, point) in line.points.enumerated() {
      let at = place(point, frame)
      if number > 0, isDistribution { path += "V\(Self.number(at.y))" }
      path += "\(number == 0 ? "M" : "L")\(Self.number(at.x)) \(Self.number(at.y))"
    }
    // Nothing is larger than the largest.
    if isDistribution { path += "V\(Self.number(Self.height - Self.bottom))" }
    text += "<path d=\"\(path)\" \(style)/>\n"
    for mark in line.marks {
      let (x, y) = (place(mark, frame).x, place(mark, frame).y)
      let cross = "M\(Self.number(x - 5)) \(Self.number(y - 5))l10 10m0 -10l-10 10"
      text += "<path d=\"\(cross)\" stroke=\"\(colour)\" stroke-width=\"3\" fill=\"none\"/>\n"
    }
    let (x, y) = (Self.width - Self.right + 14, Self.top + 10 + Double(row) * 14)
    text += "<path d=\"M\(x) \(y)h26\" \(style)/>\n"
    for names in Self.wrapped(line.names) {
      let y = Self.top + 14 + Double(row) * 14
      text += "<text x=\"\(x + 32)\" y=\"\(y)\">\(Self.escaped(names))</text>\n"
      row += 1
    }
    row += 1
  }

  /// Rows that fit beside the chart.
  private static func wrapped(_ names: [String]) -> [String] {
    var rows: [String] = []
    for name in names {
      if let last = rows.last, last.count + name.count < 28 {
        rows[rows.count - 1] = "\(last), \(name)"
      } else {
        if let last = rows.last { rows[rows.count - 1] = last + "," }
        rows.append(name)
      }
    }
    return rows
  }

  private func place(_ point: Point, _ frame: Frame) -> Point {
    let (width, height) = (Self.width - Self.left - Self.right, Self.height - Self.top - Self.bottom)
    return Point(
      x: Self.left + frame.x.share(of: point.x) * width, y: Self.top + (1 - frame.y.share(of: point.y)) * height)
  }

  private static func number(_ value: Double) -> String { tenths(max(0, value)) }

  private static func label(_ value: Double) -> String {
    value == value.rounded() && value < 1e15 ? "\(Int(value))" : tenths(value)
  }

  private static func escaped(_ text: String) -> String {
    text.reduce(into: "") { result, character in
      switch character {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      default: result.append(character)
      }
    }
  }
}

/// The axes of a chart.
private struct Frame {
  let x: Axis
  let y: Axis

  init(_ lines: [LineChart.Line], xIsLogarithmic: Bool, yIsPercentage: Bool) {
    let points = lines.flatMap(\.points)
    x = Axis(points.map(\.x), isLogarithmic: xIsLogarithmic, endsAtLast: true)
    guard !yIsPercentage else {
      y = Axis([0, 100], isLogarithmic: false)
      return
    }
    let values = points.map(\.y)
    let (least, most) = (values.filter { $0 > 0 }.min() ?? 1, values.max() ?? 1)
    // Designs that differ by orders of magnitude are told apart on a logarithmic axis only.
    y = Axis(values, isLogarithmic: most > 100 * least)
  }

  var xTicks: [Double] { x.ticks }
  var yTicks: [Double] { y.ticks }
}

/// One axis from its least to its largest value.
private struct Axis {
  /// Nothing has no logarithm: it lies here, below 1.
  private static let floor = 0.5
  let isLogarithmic: Bool
  let least: Double
  let most: Double

  init(_ values: [Double], isLogarithmic: Bool, endsAtLast: Bool = false) {
    self.isLogarithmic = isLogarithmic
    let top = max(values.max() ?? 1, 1)
    if isLogarithmic {
      var power = 1.0
      while power < top { power *= 10 }
      (least, most) = (values.contains(0) ? Self.floor : 1, power)
    } else {
      let step = Self.step(top)
      (least, most) = (0, endsAtLast ? top : (top / step).rounded(.up) * step)
    }
  }

  /// 1, 2 or 5 times a power of ten, for about five ticks.
  private static func step(_ top: Double) -> Double {
    var power = 1.0
    while power * 10 <= top / 2 { power *= 10 }
    while power > top { power /= 10 }
    return [1.0, 2, 5, 10].map { $0 * power }.first { top / $0 <= 6 } ?? power
  }

  func share(of value: Double) -> Double {
    guard isLogarithmic else { return (value - least) / (most - least) }
    return (Self.logarithm(max(value, least)) - Self.logarithm(least)) / (Self.logarithm(most) - Self.logarithm(least))
  }

  /// What a tick stands for.
  func value(of tick: Double) -> Double { isLogarithmic && tick < 1 ? 0 : tick }

  var ticks: [Double] {
    if isLogarithmic {
      var (ticks, power): ([Double], Double) = (least < 1 ? [least] : [], 1)
      while power <= most {
        ticks.append(power)
        power *= 10
      }
      return ticks
    }
    let step = Self.step(most)
    return (0...Int(most / step)).map { Double($0) * step }
  }

  /// The binary logarithm to 2^-40, by squaring: the same on every machine.
  private static func logarithm(_ value: Double) -> Double {
    var (rest, result) = (value, 0.0)
    while rest >= 2 { (rest, result) = (rest / 2, result + 1) }
    while rest < 1 { (rest, result) = (rest * 2, result - 1) }
    var bit = 0.5
    for _ in 0..<40 {
      rest *= rest
      if rest >= 2 { (rest, result) = (rest / 2, result + bit) }
      bit /= 2
    }
    return result
  }
}
