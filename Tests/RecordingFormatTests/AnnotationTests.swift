import Foundation
import RecordingFormat
import RmapEvents
import Testing

/// What is added to a sidecar outside of the machine that was recorded.
@Suite struct AnnotationTests {
  private static let console = ConsoleLog(
    """
    guest: drivers at 1.2 s\r
    [   20.1] anon_vma_faults: armed drop-avc (a fork leaves out one AVC) pages=16 after=0 rate=1 count=1 comm=\r
    [   21.5] anon_vma_faults: broke drop-avc in anon_vma_clone pid=170 mono=21.482913 dst=ff src=fe\r
    [   22.0] WARNING: CPU: 0 PID: 170 at mm/rmap.c:440 unlink_anon_vmas+0x1b0/0x1c0\r
    """)

  private func sidecar() -> Sidecar {
    var sidecar = Sidecar(recording: "trace.dat")
    sidecar.kernel = Sidecar.Kernel(release: "6.12.1")
    sidecar.workload = Sidecar.Workload(command: ["/bin/sh", "/etc/record/run"], exitStatus: 0)
    sidecar.recorder = Sidecar.Recorder()
    sidecar.recorder?.complete = true
    sidecar.probes = [Sidecar.Probe(event: "avc_insert", definition: "p:rmap/avc_insert f", hits: 12, missed: 0)]
    var buffer = Sidecar.Buffer(buffer: "rmap", cpu: 0)
    buffer.overrun = 3
    sidecar.buffers = [buffer]
    return sidecar
  }

  @Test func whatIsThereStays() {
    var sidecar = sidecar()
    let before = sidecar.text()
    #expect(sidecar.isWhole)
    Annotation().add(to: &sidecar)
    #expect(sidecar.text() == before)
  }

  @Test func aFault() {
    var (sidecar, annotation) = (sidecar(), Annotation())
    annotation.console = Self.console
    annotation.command = ["anon_vma_paths"]
    annotation.verdict = .violated
    annotation.fault = "drop-avc"
    annotation.seconds = 27
    annotation.add(to: &sidecar)
    #expect(sidecar.workload?.command == ["anon_vma_paths"])
    #expect(sidecar.workload?.exitStatus == 0)
    #expect(sidecar.kernel?.release == "6.12.1")
    #expect(sidecar.kernel?.complaints?.count == 1)
    #expect(sidecar.expected?.note == "a fork leaves out one AVC")
    #expect(
      sidecar.expected?.injected == ["broke drop-avc in anon_vma_clone pid=170 mono=21.482913 dst=ff src=fe"])
    #expect(sidecar.summary == "6.12.1, 12 hits, 0 missed, 3 overrun, 0 dropped, 27 s")
    #expect(sidecar.isWhole)
  }

  /// The panic is the reason, whatever the script took for it.
  @Test func aPanic() {
    var (sidecar, annotation) = (sidecar(), Annotation())
    annotation.console = ConsoleLog("[ 9.1] Kernel panic - not syncing: sysrq triggered crash\r\n")
    annotation.ending = "no end within 100 s"
    annotation.add(to: &sidecar)
    #expect(sidecar.recorder?.ending == "Kernel panic - not syncing: sysrq triggered crash")
    #expect(sidecar.recorder?.complete == false)
    #expect(!sidecar.isWhole)
  }

  /// What was kept can be read, annotated and written, and nothing that a reader knows of is lost.
  @Test func keptSidecarsSurvive() throws {
    let traces = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../traces").standardized
    for name in ["6.1-fault-parents-own", "6.12-crash", "6.12-healthy"] {
      let path = traces.appending(path: "\(name)/about.json")
      let old = try #require(JSONSerialization.jsonObject(with: Data(contentsOf: path)) as? [String: Any])
      let sidecar = try #require(try Sidecar.beside(traces.appending(path: "\(name)/trace.dat").path))
      let new = try #require(JSONSerialization.jsonObject(with: Data(sidecar.text().utf8)) as? [String: Any])
      for key in ["kernel", "workload", "recorder", "expected", "probes", "layout"] {
        func stripped(_ value: Any?) -> NSObject? {
          guard let object = value as? [String: Any] else { return value as? NSObject }
          return object.filter { !($0.value is NSNull) } as NSDictionary
        }
        #expect(stripped(old[key]) == stripped(new[key]), "\(name) \(key)")
      }
    }
  }
}
