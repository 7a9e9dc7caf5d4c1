// swift-tools-version: 6.2
import PackageDescription

/// Rooms in the order data flows, and what each stands on: it imports what its row names and whatever that stands on.
/// `.ci/check-arrows` reads these rows; docs/architecture.md says what lives where.
let rooms: [(name: String, standsOn: [String])] = [
    ("Systems", ["Crypto"]),
    ("Notation", ["Systems", "Yams"]),
    ("Tensors", ["Systems"]),
    ("CPUDevices", ["Tensors", "COpenBLAS", "COneDNN", "CKernels"]),
    ("Layers", ["Tensors", "Notation"]),
    ("Optimizers", ["Tensors", "Notation"]),
    ("Models", ["Layers"]),
    ("Tokenizers", ["Systems"]),
    ("Datasets", ["Tensors", "Tokenizers"]),
    ("Checkpoints", ["Tensors"]),
    ("Families", ["Models", "Checkpoints", "Tokenizers"]),
    ("Partitioning", []),
    ("Scheduling", ["Partitioning"]),
    ("Manifests", ["Families", "Optimizers", "Scheduling"]),
    ("Transport", ["CZeroMQ", "Systems"]),
    ("Runs", ["Scheduling", "Transport"]),
    ("Planning", ["Manifests", "CPUDevices", "Partitioning", "Datasets", "Runs"]),
    ("Reports", ["Runs"]),
    ("Dashboards", ["Reports"]),
    ("Stages", ["Models", "Optimizers", "Checkpoints"]),
    ("Workers", ["Stages", "Planning"]),
    ("Coordination", ["Workers", "Reports"]),
    ("Profiling", ["Coordination"]),
    ("Generation", ["Coordination"]),
    ("Echelon", ["Profiling", "Generation", "Dashboards"]),
    // The command line imports Echelon alone. The rooms below stand in its dependencies because the build does not see
    // through re-exports: without them, a changed value's layout would leave stale code behind.
    ("EchelonCLI", ["Echelon", "ArgumentParser"]),
]

/// What a test target imports: its own room and whatever that stands on, and this.
let tests: [(room: String, also: [String])] = [
    ("Systems", []), ("Tensors", []), ("CPUDevices", []), ("Layers", ["Models", "CPUDevices"]),
    ("Optimizers", ["CPUDevices"]), ("Models", ["CPUDevices"]), ("Tokenizers", ["TestSupport"]), ("Manifests", []),
    ("Datasets", ["TestSupport"]), ("Checkpoints", ["TestSupport"]),
    ("Families", ["Stages", "CPUDevices", "TestDevices", "TestSupport"]), ("Partitioning", []),
    ("Scheduling", ["Systems"]),
    ("Transport", ["TestSupport"]),
    ("Runs", ["TestPlans", "TestSupport"]), ("Planning", ["TestPlans", "TestSupport"]), ("Reports", ["TestSupport"]),
    ("Dashboards", ["TestSupport"]), ("Stages", ["CPUDevices", "TestPlans", "TestDevices", "CAllocations"]),
    ("Workers", ["TestPlans", "TestSupport"]), ("Coordination", ["TestPlans", "TestDevices", "TestSupport"]),
    ("Profiling", ["TestPlans", "TestSupport"]), ("Generation", ["TestPlans", "TestSupport"]),
]
/// Programs that show the library; the tests run them.
let examples = ["CustomLayer", "CustomSchedule", "PlanAhead", "ReadReport"]
let withFixtures: Set = ["Layers", "Optimizers", "Runs", "Tokenizers", "Datasets", "Checkpoints", "Families"]

func closure(of names: [String]) -> [String] {
    var seen: [String] = []
    func visit(_ name: String) {
        guard !seen.contains(name) else { return }
        seen.append(name)
        rooms.first { $0.name == name }?.standsOn.forEach(visit)
    }
    names.forEach(visit)
    return seen
}

func dependencies(_ names: [String]) -> [Target.Dependency] {
    closure(of: names).map { name in
        switch name {
        case "ArgumentParser": .product(name: name, package: "swift-argument-parser")
        case "Crypto": .product(name: name, package: "swift-crypto")
        case "Yams": .product(name: name, package: name)
        default: .byName(name: name)
        }
    }
}

let package = Package(
    name: "echelon",
    products: [
        .executable(name: "echelon", targets: ["EchelonCLI"]),
        .library(name: "Echelon", targets: ["Echelon"]),
    ],
    dependencies: [
        // Subcommands, options and their help.
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        // YAML with marks, so that every manifest error names file, line and column.
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        // SHA-256 of checkpoints and shards, by the processor's instructions.
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        // `make docs`: the library's documentation as pages.
        .package(url: "https://github.com/swiftlang/swift-docc-plugin", from: "1.5.0"),
    ],
    targets: [
        // Loads the library when it is first used.
        .target(name: "COpenBLAS", linkerSettings: [.linkedLibrary("dl")]),
        .systemLibrary(name: "COneDNN"),
        .systemLibrary(name: "CZeroMQ"),
        .target(name: "CKernels"),
        .target(name: "TestSupport", path: "Tests/TestSupport"),
        .target(name: "TestPlans", dependencies: dependencies(["Planning"]), path: "Tests/TestPlans"),
        // A device apart from the host, as a GPU is one.
        .target(name: "TestDevices", dependencies: dependencies(["CPUDevices"]), path: "Tests/TestDevices"),
        // Stands before the C library's malloc, in the test program alone.
        .target(name: "CAllocations", path: "Tests/CAllocations"),
        // It runs the programs that are built beside it.
        .testTarget(
            name: "EndToEndTests",
            dependencies: dependencies(["EchelonCLI", "TestSupport"]) + examples.map { .byName(name: $0) },
            exclude: ["Fixtures"]),
    ]
        + examples.map { name in
            .executableTarget(name: name, dependencies: dependencies(["Echelon"]), path: "Examples/" + name)
        }
        + rooms.map { room in
            room.name == "EchelonCLI"
                ? .executableTarget(name: room.name, dependencies: dependencies(room.standsOn))
                : .target(name: room.name, dependencies: dependencies(room.standsOn))
        }
        + tests.map { test in
            .testTarget(
                name: test.room + "Tests", dependencies: dependencies([test.room] + test.also),
                resources: withFixtures.contains(test.room) ? [.copy("Fixtures")] : [])
        },
    cLanguageStandard: .gnu11
)

// `make fuzz`: a program beside the tests, for a build of its own, whose sanitizers no other build has.
if Context.environment["ECHELON_FUZZING"] != nil {
    package.targets.append(
        .executableTarget(
            name: "Fuzzing", dependencies: dependencies(["Dashboards", "Manifests", "Datasets"]), path: "Tests/Fuzzing",
            exclude: ["Seeds", "run", "make_seeds.py", "compare_safetensors.py"]))
}

for target in package.targets where target.type != .system {
    target.swiftSettings =
        (target.swiftSettings ?? []) + [
            .enableUpcomingFeature("ExistentialAny"),
            .enableUpcomingFeature("MemberImportVisibility"),
            .enableUpcomingFeature("InternalImportsByDefault"),
            .treatAllWarnings(as: .error),
        ]
}
