// swift-tools-version: 6.2
import PackageDescription

// The pipeline runs left to right, and the build itself checks that no module imports what it does not name here:
//   C libraries → TraceReading → EventDecoding → RmapGraph → Invariants → Checking → Reports → rmapcheck
// RmapEvents is the waist: graph and invariants build without any C library. RecordingFormat is what recorder and
// checker agree on; neither depends on the other.

/// The pipeline is one program in several modules: without the first flag, every question that an invariant asks the
/// graph is a call into another module. With the second, tests run optimized, on the same build. Unsafe flags keep a
/// package from being a dependency, which this one is not.
let settings: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .unsafeFlags(["-cross-module-optimization", "-enable-testing"], .when(configuration: .release)),
]

/// What this is built from; empty where git does not say.
let commit =
  Context.gitInformation.map { $0.currentCommit.prefix(12) + ($0.hasUncommittedChanges ? "-dirty" : "") } ?? ""

/// Links the Swift runtime in: calls into it are direct then, and the program runs where no Swift is, as in a guest.
/// `--static-swift-stdlib` would do that for whatever is built, and the libraries for tests have no such form. (lld, since
/// the other linkers warn of an unused function of Foundation.)
let linking: [LinkerSetting] = [
  .unsafeFlags(
    [
      "-static-stdlib", "-use-ld=lld", "-lFoundation", "-lCoreFoundation", "-lFoundationInternationalization",
      "-lFoundationEssentials", "-l_FoundationCShims", "-l_FoundationCollections", "-l_FoundationICU",
    ], .when(configuration: .release))
]

/// A module of the program.
func module(_ name: String, _ dependencies: Target.Dependency...) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

/// A module's tests.
func tests(_ name: String, _ dependencies: Target.Dependency...) -> Target {
  .testTarget(name: name, dependencies: dependencies, swiftSettings: settings)
}

/// What tests share, in `Tests/`.
func support(_ name: String, _ dependencies: Target.Dependency...) -> Target {
  .target(name: name, dependencies: dependencies, path: "Tests/\(name)", swiftSettings: settings)
}

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")

/// A program with the Swift runtime in it.
func program(_ name: String, path: String? = nil, _ dependencies: Target.Dependency...) -> Target {
  .executableTarget(
    name: name, dependencies: dependencies + [argumentParser], path: path, swiftSettings: settings,
    linkerSettings: linking)
}

/// A library of Debian's.
func library(_ name: String, _ pkgConfig: String, _ package: String) -> Target {
  .systemLibrary(name: name, pkgConfig: pkgConfig, providers: [.apt([package])])
}

let package = Package(
  name: "rmapcheck",
  products: [.executable(name: "rmapcheck", targets: ["rmapcheck"])],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
  ],
  targets: [
    library("CTraceEvent", "libtraceevent", "libtraceevent-dev"),
    library("CZstd", "libzstd", "libzstd-dev"),
    library("CZlib", "zlib", "zlib1g-dev"),
    library("CLzma", "liblzma", "liblzma-dev"),
    library("CXXHash", "libxxhash", "libxxhash-dev"),
    library("CLibBPF", "libbpf", "libbpf-dev"),
    .systemLibrary(name: "CLinux"),

    // The commit, for --version and the reports.
    .target(name: "CBuild", cSettings: [.define("RMAPCHECK_COMMIT", to: "\"\(commit)\"")]),

    module("TraceReading", "Vocabulary", "CTraceEvent", "CZstd", "CZlib", "CLzma", "CXXHash"),
    module("Vocabulary"),
    module("RmapEvents", "Vocabulary"),
    module("EventDecoding", "TraceReading", "Vocabulary", "RmapEvents"),
    module("RmapGraph", "RmapEvents"),
    module("RecordingAudit", "Vocabulary", "RmapGraph", "RmapEvents"),
    module("Invariants", "Vocabulary", "RecordingAudit", "RmapGraph", "RmapEvents"),
    module("Pictures", "Invariants", "RmapGraph", "RmapEvents"),
    module("Policies", "Invariants", "RmapGraph", "RmapEvents"),
    module("RecordingFormat", "Vocabulary", "RmapEvents"),
    module(
      "Checking", "RecordingFormat", "TraceReading", "RmapEvents", "EventDecoding", "RmapGraph",
      "RecordingAudit", "Invariants", "Pictures"),
    module("Comparing", "Checking", "Policies", "RecordingFormat", "TraceReading", "RmapEvents", "EventDecoding"),
    module("TraceWriting", "TraceReading", "CZstd"),
    module(
      "Reducing", "Checking", "Invariants", "RecordingAudit", "RmapGraph", "RmapEvents", "RecordingFormat",
      "EventDecoding", "TraceReading", "TraceWriting"),
    module(
      "Timeline", "Checking", "Invariants", "RecordingFormat", "RmapGraph", "RmapEvents", "EventDecoding",
      "TraceReading"),
    module(
      "Reports", "Checking", "Comparing", "Pictures", "Policies", "Reducing", "Invariants", "RecordingAudit",
      "RmapGraph", "RmapEvents", "RecordingFormat"),
    module("Store", "RecordingFormat", "Reports", "Vocabulary", grdb),
    module("KernelProbes", "Vocabulary", "CLibBPF"),
    module(
      "Recorder", "CLinux", "CZlib", "KernelProbes", "TraceReading", "Vocabulary", "RmapEvents", "RecordingFormat"),
    module(
      "Doctor", "Recorder", "KernelProbes", "Reports", "Invariants", "EventDecoding", "TraceReading",
      "RmapEvents"),
    program(
      "rmapcheck", "Checking", "Comparing", "Doctor", "Invariants", "Pictures", "Policies", "Reducing", "Reports",
      "KernelProbes", "Recorder", "RecordingFormat", "RmapEvents", "Store", "Timeline", "TraceReading", "Vocabulary",
      "CBuild"),

    // What a module needs beside the files of its own tests, and the programs that scripts measure with.
    support("TestSupport"),
    support("KernelTestSupport", "Vocabulary", "KernelProbes", "CLibBPF"),
    support("RmapTestSupport", "TestSupport", "RmapEvents", "RmapGraph", "RecordingAudit", "Invariants"),
    support("ModelRecording", "Vocabulary", "RmapEvents", "TraceReading", "TraceWriting"),
    support(
      "RecordingExperiments", "TestSupport", "Checking", "EventDecoding", "Invariants", "RecordingAudit",
      "RecordingFormat", "Reports", "RmapEvents", "RmapGraph", "TraceReading"),
    program(
      "experiment", path: "Tests/experiment", "TestSupport", "Checking", "Invariants", "RecordingExperiments",
      "RecordingFormat", "Reducing", "RmapEvents", "Store"),
    program(
      "bench", path: "Tests/bench", "TestSupport", "Checking", "RecordingFormat", "RmapTestSupport",
      "ModelRecording"),

    tests("TraceReadingTests", "TestSupport", "TraceReading", "CTraceEvent", "CZstd", "CZlib", "CLzma"),
    tests("EventDecodingTests", "Vocabulary", "EventDecoding", "RmapEvents", "TraceReading"),
    tests("RecordingFormatTests", "RecordingFormat", "RmapEvents"),
    tests("RmapGraphTests", "TestSupport", "RecordingAudit", "RmapGraph", "RmapEvents", "RmapTestSupport"),
    tests(
      "InvariantsTests", "TestSupport", "Invariants", "RecordingAudit", "RmapGraph", "RmapEvents", "RmapTestSupport"),
    tests("PoliciesTests", "TestSupport", "Policies", "Invariants", "RmapGraph", "RmapEvents", "RmapTestSupport"),
    tests(
      "CheckingTests", "TestSupport", "Vocabulary", "TraceReading", "Checking", "Comparing", "Pictures", "Policies",
      "Reports", "Invariants", "RecordingAudit", "RecordingFormat", "RmapEvents", "RmapGraph", "RmapTestSupport",
      "ModelRecording"),
    tests(
      "ExperimentTests", "TestSupport", "Checking", "Invariants", "RecordingExperiments", "RecordingFormat",
      "RmapEvents", "TraceReading"),
    tests("KernelProbesTests", "TestSupport", "Vocabulary", "KernelProbes", "KernelTestSupport"),
    tests(
      "RecorderTests", "TestSupport", "Vocabulary", "KernelTestSupport", "Recorder", "KernelProbes", "TraceReading",
      "RecordingFormat"
    ),
    tests(
      "DoctorTests", "Vocabulary", "Doctor", "Recorder", "KernelProbes", "KernelTestSupport", "EventDecoding",
      "Invariants", "RecordingFormat", "RmapEvents"),
    tests(
      "ReducingTests", "TestSupport", "Reducing", "Checking", "Invariants", "RecordingAudit", "RecordingFormat",
      "RmapEvents", "TraceReading"),
    .testTarget(
      name: "StoreTests", dependencies: ["TestSupport", "Store", "RecordingFormat", grdb], exclude: ["Older"],
      swiftSettings: settings),
    // The program as a process: `swift test` builds it beside the tests.
    .testTarget(
      name: "CommandLineTests", dependencies: ["TestSupport"], exclude: ["Reports"], swiftSettings: settings),
  ],
  swiftLanguageModes: [.v6]
)

// scripts/fuzz sets this: the fuzz targets need libFuzzer, which nothing else links.
if Context.environment["RMAPCHECK_FUZZ"] != nil {
  package.targets.removeAll { $0.type == .test }
  package.targets.append(
    .executableTarget(
      name: "fuzz",
      dependencies: [
        "Vocabulary", "TraceReading", "EventDecoding", "RmapEvents", "RecordingFormat", "Checking", "CZstd", "CZlib",
        "CLzma",
      ],
      path: "Tests",
      sources: [
        "Fuzzing", "TraceReadingTests/Support/Bytes.swift", "TraceReadingTests/Support/Packed.swift",
        "TraceReadingTests/Support/PageBuilder.swift",
        "TraceReadingTests/Support/SamplePerf.swift", "TraceReadingTests/Support/SampleTrace.swift",
        "TraceReadingTests/Support/SampleTrace+Format6.swift",
        "TraceReadingTests/Support/SampleTrace+Format7.swift",
      ], swiftSettings: settings))
}
