import Foundation
import TestSupport
import Testing

/// Goal: a store takes what `check` and users give it, says what it can't take, and survives whatever happens to its writers.
@Suite struct StoreCommandTests {
  private let run: Executable

  init() throws { run = try Executable() }

  /// Counted from the two reports: fingerprints of one and not of the other.
  @Test func twoNightsOfKeptRecordings() throws {
    defer { run.remove() }
    let outcome = try run.shell(
      """
      for set in 1 2; do
        line=$([ $set = 1 ] && echo 6.1 || echo 6.12)
        for name in drop-avc wrong-root lost-child chainless wrong-move; do
          mkdir -p $set/$name; cp $T/$line-fault-$name/* $set/$name
        done
        $R check --exit-zero --report json=$set.json $set >/dev/null
        $R store add nights.db --tree try --night 2026-11-0$set $set.json
      done
      $R store report nights.db --format json >report.json; echo "status $?"
      $R store report nights.db --format mail >mail
      $R store report nights.db --format html >page.html
      """)
    #expect(outcome.output.contains("2026-11-01: 5 added\n2026-11-02: 5 added\n"), "\(outcome.output)\(outcome.errors)")
    func fingerprints(_ night: String) throws -> Set<String> {
      let recordings = try #require(try json(run.text("\(night).json"))["recordings"] as? [[String: Any]])
      return Set(
        recordings.flatMap { $0["defects"] as? [[String: Any]] ?? [] }.compactMap { $0["fingerprint"] as? String })
    }
    let (before, now) = (try fingerprints("1"), try fingerprints("2"))
    let defects = try #require(try json(run.text("report.json"))["defects"] as? [[String: Any]])
    func found(_ state: String) -> Set<String> {
      Set(defects.filter { $0["state"] as? String == state }.compactMap { $0["fingerprint"] as? String })
    }
    #expect(found("new") == now.subtracting(before) && found("known") == now.intersection(before))
    #expect(found("fixed").union(found("untested")) == before.subtracting(now))
    #expect(!found("known").isEmpty && outcome.output.hasSuffix("status \(found("new").isEmpty ? 0 : 1)\n"))
    let mail = try run.text("mail")
    #expect(mail.hasPrefix("Subject: rmapcheck 2026-11-02: ") && mail.contains("\n\nNight 2026-11-02, against"))
    #expect(try run.text("page.html").contains("<th>try<br>cloud-amd64"))
  }

  @Test func recordingsAndFoldersAreTaken() throws {
    defer { run.remove() }
    let outcome = try run.shell(
      """
      mkdir both; cp -r $T/6.12-structure-v6 both/a; $R check --report json=both/b.json $T/6.1-structure >/dev/null
      $R store add nights.db --night n1 both
      $R store add nights.db --night n1 $T/6.12-structure-v6/trace.dat
      $R store add nights.db --night n1 --unchecked both/a/trace.dat --unchecked none.dat
      $R store report nights.db
      """)
    #expect(outcome.output.hasPrefix("n1: 2 added\nn1: "), "\(outcome.output)\(outcome.errors)")
    #expect(
      outcome.output.contains("its check did not come to its end") && outcome.output.contains("none.dat: cannot open"))
  }

  /// A recording that did not come is one that is gone, under the name that it had; a mistyped name is an error.
  @Test func whatDidNotComeIsGoneOnce() throws {
    defer { run.remove() }
    let outcome = try run.shell(
      """
      for night in n1 n2; do
        mkdir -p $night/recordings; cp -r $T/6.12-structure-v6 $T/6.1-structure $T/6.12-zygote $night/recordings
      done
      rm -r n2/recordings/6.1-structure
      $R store add nights.db --night n1 n1; $R store add nights.db --night n2 n2 --unchecked n2/recordings/6.1-structure/trace.dat
      $R store report nights.db; echo "status $?"
      $R store add nights.db --night n3 --unchecked n3/recordings/6.1-structure/trace.dat n2/recordings/6.12-structure-v6
      $R store report nights.db --format json | grep -A4 gone
      $R store add nights.db --night n4 n4; echo "status $?"; $R store report nights.db --night n4; echo "status $?"
      """)
    #expect(outcome.output.contains("\nGONE  1\n\n  6.1/"), "\(outcome.output)\(outcome.errors)")
    #expect(outcome.output.contains("    last n1; n2/recordings/6.1-structure/trace.dat: cannot open: No such file"))
    #expect(outcome.output.contains("status 66\nn3: 2 added\n") && outcome.output.hasSuffix("status 66\nstatus 66\n"))
    #expect(outcome.errors.contains("n4: No such file") && outcome.errors.contains("there is no night n4"))
    #expect(!outcome.output.contains("unknown/plain"))
  }

  /// Both reports in one call, in any order.
  @Test func comparisonsAreTaken() throws {
    defer { run.remove() }
    let outcome = try run.shell(
      """
      for night in n1 n2; do
        $R check --report json=check.json $T/6.12-zygote $T/6.12-lossy >/dev/null
        $R compare --policy split-counters --format json $T/6.12-zygote $T/6.12-lossy >compare.json
        $R store add nights.db --night $night compare.json check.json
      done
      $R store report nights.db --format html >page.html
      $R store add nights.db --night n3 compare.json; echo "status $?"
      """)
    let added = "n1: 2 added, 1 compared\nn2: 2 added, 1 compared\n"
    #expect(outcome.output.hasPrefix(added), "\(outcome.output)\(outcome.errors)")
    #expect(outcome.output.hasSuffix("status 66\n") && outcome.errors.contains("add that of check, too"))
    let count = try #require(try run.text("page.html").firstMatch(of: /at most (\d+) anon_vmas and (\d+) AVCs/))
    let text = try run.shell("$R compare --policy split-counters $T/6.12-zygote").output
    #expect(text.contains(try Regex("split-counters +\\d+ +\(count.1) +\\d+ +\\d+ +\(count.2) ")), "\(text)")
  }

  @Test func whatCannotBeTaken() throws {
    defer { run.remove() }
    func status(_ line: String) throws -> Int32 { try run.shell(line).status }
    _ = try run.shell("echo '{' >half.json; $R store add nights.db --night n1 $T/6.12-structure-v6")
    #expect(try status("$R store add nights.db --night n2 half.json") == 3)
    #expect(try status("$R store add nights.db --night n2 none.json") == 66)
    #expect(try status("$R store add new.db none.dat") == 66)
    #expect(try status("mkdir empty; $R store add new.db empty") == 3)
    #expect(try status("[ ! -e new.db ]") == 0)
    #expect(try status("$R store report none.db") == 66)
    #expect(try status("$R store report nights.db --night n7") == 66)
    #expect(try status("$R store report half.json") == 3)
    #expect(try status("$R store report nights.db --known none") == 66)
    #expect(try status("$R store report nights.db >/dev/full") == 74)
    #expect(try status("$R store add /proc/x.db --night n1 $T/6.12-structure-v6") == 74)
    #expect(try status("$R store add nights.db --night 'a b' half.json") == 64)
    #expect(try status("$R store prune nights.db") == 64)
    #expect(try status("$R store prune nights.db --test none") == 66)
    #expect(try status("$R store export kcidb nights.db --origin Me") == 64)
  }

  private static let root = URL(filePath: tracesFolder).deletingLastPathComponent().path
  private static let judges = "\(root)/.cache/judges"

  private static let commit = "1a2b3c4d5e6f7081920a1b2c3d4e5f6071829304"

  /// By KCIDB's own schema; and every reference in it leads somewhere.
  @Test(.enabled(if: FileManager.default.fileExists(atPath: "\(judges)/installed"), "run scripts/judges"))
  func kcidb() throws {
    defer { run.remove() }
    let outcome = try run.shell(
      """
      head -c 60000 $T/6.12-structure-v6/trace.dat >cut.dat; cp -r $T/6.12-structure-v6 built
      $R annotate built/trace.dat --sidecar built/about.json --compiler 'gcc 14.2.0' --kernel-commit \(Self.commit)
      $R store add nights.db --night n1 $T/6.12-faults $T/6.12-lossy built $T/6.18.5-cve cut.dat --unchecked none.dat
      $R store export kcidb nights.db --origin mylab >kcidb.json
      \(Self.judges)/bin/python \(Self.root)/Tests/Judges/judge_kcidb.py kcidb.json
      """)
    #expect(outcome.status == 0, "\(outcome.output)\(outcome.errors)")
    let statuses = outcome.output.split(separator: "\n").last ?? ""
    #expect(outcome.output.contains("architecture x86_64, compiler gcc 14.2.0, status PASS"), "\(outcome.output)")
    #expect(try run.text("kcidb.json").contains("\"git_commit_hash\" : \"\(Self.commit)\""))
    for status in ["FAIL", "PASS", "SKIP", "ERROR 1", "MISS 1", "DONE 3"] {
      #expect(statuses.contains(status), "\(outcome.output)")
    }
  }

  /// Killed at any moment: the store has all of a night or nothing of it, and the next writer needs no help.
  @Test func writersAreKilled() throws {
    defer { run.remove() }
    let outcome = try run.shell(
      """
      $R check --exit-zero --report json=r.json $T/6.12-faults $T/6.1-faults $T/6.12-structure-v6 >/dev/null
      $R store add nights.db --night n000 r.json >/dev/null
      for i in $(seq 100 120); do
        $R store add nights.db --night n$i r.json >/dev/null & pid=$!
        sleep 0.0$((RANDOM % 10)); kill -9 $pid 2>/dev/null; wait $pid 2>/dev/null
        for night in $($R store report nights.db --format json | sed -n 's/.*"night" : "\\(.*\\)".*/\\1/p'); do
          $R store report nights.db --night $night --format json | grep -A3 '"verdicts"' | grep -o '[0-9]*,\\?$' | tr -d ,
        done
      done | sort | uniq -c
      $R store add nights.db --night n999 r.json
      """)
    // Two violated, one holds, whenever a night is there.
    let counts = outcome.output.split(separator: "\n").dropLast().map { $0.split(separator: " ").last ?? "" }
    #expect(Set(counts) == ["1", "2"], "\(outcome.output)\(outcome.errors)")
    #expect(outcome.output.hasSuffix("n999: 3 added\n"))
  }

  @Test func writersWaitForEachOther() throws {
    defer { run.remove() }
    let outcome = try run.shell(
      """
      $R check --exit-zero --report json=r.json $T/6.12-structure-v6 >/dev/null
      for i in 1 2 3 4 5 6; do $R store add nights.db --night n$i r.json & done; wait
      $R store report nights.db | head -1
      """)
    #expect(outcome.output.matches(of: /: 1 added/).count == 6, "\(outcome.output)\(outcome.errors)")
    #expect(outcome.output.hasSuffix("Night n6, against n5\n"))
  }
}
