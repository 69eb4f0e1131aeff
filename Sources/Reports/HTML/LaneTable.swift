import Checking
import Pictures
import RmapEvents

/// What tasks did around an event, as kernel developers write down a race: a column for each task, time goes down, and
/// what runs inside a function is indented.
struct LaneTable {
  private let steps: [Course.Step]
  private let wrong: UInt64
  private let proof: Set<UInt64>
  private let names: [KernelAddress: Tenant]
  private let result: RecordingResult
  /// The tasks, in the order in which they come.
  private let tasks: [Int32]

  /// Whom the picture has at an address. Before, and once that is freed, another object may be there.
  private struct Tenant {
    let name: String
    let birth: UInt64
  }

  /// More than these, and the table can't be read.
  private static let tasksShown = 6

  init(_ picture: EventPicture, _ proof: [EventStamp], _ result: RecordingResult) {
    wrong = picture.stamp.ordinal
    self.proof = Set(proof.map(\.ordinal))
    self.result = result
    var names: [KernelAddress: Tenant] = [:]
    for shown in [picture.before, picture.after] {
      for vma in shown.vmas { names[vma.view.address] = Tenant(name: vma.name, birth: vma.birth.ordinal) }
      for anonVMA in shown.anonVMAs {
        names[anonVMA.address] = Tenant(name: anonVMA.name, birth: anonVMA.state?.birth.ordinal ?? 0)
      }
    }
    self.names = names
    var tasks: [Int32] = [picture.stamp.pid]
    for step in picture.course.steps where !tasks.contains(step.stamp.pid) { tasks.append(step.stamp.pid) }
    let shown = Array(tasks.prefix(Self.tasksShown))
    self.tasks = shown
    steps = picture.course.steps.filter { shown.contains($0.stamp.pid) }
  }

  func render(_ page: inout Markup) {
    guard !steps.isEmpty else { return }
    page.element("div", [("class", "scroll")]) { page in
      page.element("table", [("class", "lanes")]) { page in
        page.element("tr") { page in
          page.element("th", "event")
          for pid in tasks { page.element("th", "pid \(pid)" + (result.commandNames[pid].map { " " + $0 } ?? "")) }
        }
        var depths: [Int32: Int] = [:]
        var names = names
        for step in steps {
          row(step, names, &depths, &page)
          let freed = step.kind == .vmaFree ? step.vma : step.kind == .put ? step.anonVMA : .null
          if let tenant = names[freed], tenant.birth <= step.stamp.ordinal { names[freed] = nil }
        }
      }
    }
  }

  private func row(
    _ step: Course.Step, _ names: [KernelAddress: Tenant], _ depths: inout [Int32: Int], _ page: inout Markup
  ) {
    let pid = step.stamp.pid
    if case .leave = step.phase { depths[pid] = max(0, (depths[pid] ?? 0) - 1) }
    let ordinal = step.stamp.ordinal
    let style = ordinal == wrong ? "wrong" : proof.contains(ordinal) ? "proof" : ""
    page.element("tr", style.isEmpty ? [] : [("class", style)]) { page in
      page.element("td", "\(ordinal)")
      for task in tasks {
        let depth = depths[task] ?? 0
        page.element("td", depth > 0 ? [("class", "in")] : []) { page in
          guard task == pid else { return }
          page.text(String(repeating: "\u{a0}\u{a0}", count: min(depth, 8)) + words(step, names))
        }
      }
    }
    if step.phase == .enter { depths[pid, default: 0] += 1 }
  }

  private func words(_ step: Course.Step, _ names: [KernelAddress: Tenant]) -> String {
    // The picture's name for an object, or the end of its address.
    func name(_ address: KernelAddress) -> String {
      if let tenant = names[address], tenant.birth <= step.stamp.ordinal { return tenant.name }
      return "\u{2026}\(hexadecimal(address.raw).suffix(5))"
    }
    let function = result.functions[step.kind]
    let objects = [step.vma, step.anonVMA].filter { !$0.isNull }.map(name)
    switch step.phase {
    case .leave(let value):
      let made = KernelAddress(UInt64(bitPattern: value))
      if made.isKernel, value < -4095 { return "\(function) returns \(name(made))" }
      return "\(function) returns" + (value < 0 && value >= -4095 ? " \(value)" : "")
    case .enter, .instant: return "\(function)(\(objects.joined(separator: ", ")))"
    }
  }
}
