import CPUDevices
import Glibc
public import Runs
import Systems
package import Transport

/// The environment variables that a process needs before it starts: libraries read them as they are loaded.
public enum WorkerEnvironment {
    /// Names the OpenBLAS kernels that workers use, to override the choice of the fastest.
    ///
    /// OPENBLAS_CORETYPE itself is not handed on: systems set it for all programs alike, to kernels that may be half as
    /// fast as the processor allows.
    public static let blasCoreVariable = "ECHELON_BLAS_CORE"

    /// One thread per core of the device, the kernels that fit the processor, and huge pages for what libraries allocate.
    package static func variables(threads: Int) -> [String: String] {
        var variables = variables
        for name in ["OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"] { variables[name] = "\(threads)" }
        return variables
    }

    /// What does not depend on the device.
    private static var variables: [String: String] {
        var variables = [tunablesVariable: tunables(given: get(tunablesVariable))]
        let core = get(blasCoreVariable) ?? OpenBLASCore.recommended(for: .current, detected: OpenBLASCore.current)
        variables[OpenBLASCore.environmentVariable] = core ?? get(OpenBLASCore.environmentVariable)
        return variables
    }

    private static let tunablesVariable = "GLIBC_TUNABLES"

    /// Lets malloc ask for huge pages as our own tensors do: matrix products copy their operands into memory of their
    /// own, and where a processor is slow to find 4 KiB pages (in a virtual machine, say) that costs a fifth of their speed.
    package static func tunables(given: String?) -> String {
        let hugePages = "glibc.malloc.hugetlb"
        guard let given, !given.isEmpty else { return hugePages + "=1" }
        return given.contains(hugePages) ? given : "\(given):\(hugePages)=1"
    }

    /// Re-executes this program in place where its environment is not the one that computing needs.
    public static func prepare(threads: Int) throws(RunFailure) { try prepare(variables(threads: threads)) }

    /// The same for a worker that nobody gave what `EnvironmentFile` says.
    package static func prepare(threads: Int, given: [String: String]) throws(RunFailure) {
        var wanted = variables(threads: threads)
        wanted.merge(given) { $1 }
        wanted[tunablesVariable] = tunables(given: given[tunablesVariable] ?? get(tunablesVariable))
        try prepare(wanted)
    }

    /// The same for a process whose threads compute for devices that are not known yet: with the same kernels as workers.
    package static func prepareCoordinator() throws(RunFailure) { try prepare(variables) }

    private static func prepare(_ wanted: [String: String]) throws(RunFailure) {
        guard wanted.contains(where: { get($0.key) != $0.value }) else { return }
        for (name, value) in wanted { setenv(name, value, 1) }
        let arguments = CommandLine.arguments.map { strdup($0) } + [nil]
        defer { arguments.forEach { free($0) } }
        execv(Program.executable, arguments)
        throw RunFailure(wrapping: SystemError("start again", Program.path))
    }

    /// All that a worker inherits.
    /// - Parameter given: by `EnvironmentFile`; it goes before what this process has itself.
    package static func ofWorker(
        threads: Int, secret: RunSecret? = nil, given: [String: String] = [:]
    ) -> [String: String] {
        var environment = variables(threads: threads)
        environment[SecretFile.variable] = secret?.text
        for name in [blasCoreVariable, "PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH"] {
            environment[name] = get(name)
        }
        environment.merge(given) { $1 }
        environment[tunablesVariable] = tunables(given: given[tunablesVariable] ?? get(tunablesVariable))
        return environment
    }

    private static func get(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
}
