/// Charts beside and below each other on one sheet, as an SVG file.
public struct ChartSheet: Sendable {
  private let fileName: String
  private let rows: [[LineChart]]

  init(fileName: String, rows: [[LineChart]]) {
    self.fileName = fileName
    self.rows = rows
  }

  /// Writes the file into a folder, which is made if it is not there.
  public func write(into folder: String) throws { try LineChart.write(svg, as: fileName, into: folder) }

  var svg: String {
    let (width, height) = (Int(LineChart.width), Int(LineChart.height))
    let columns = rows.map(\.count).max() ?? 0
    var text = """
      <svg xmlns="http://www.w3.org/2000/svg" width="\(width * columns)" height="\(height * rows.count)" \
      viewBox="0 0 \(width * columns) \(height * rows.count)">

      """
    for (row, charts) in rows.enumerated() {
      for (column, chart) in charts.enumerated() {
        text += chart.element(" x=\"\(column * width)\" y=\"\(row * height)\"")
      }
    }
    return text + "</svg>\n"
  }
}
