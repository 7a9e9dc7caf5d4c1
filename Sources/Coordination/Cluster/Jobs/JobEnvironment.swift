package import Runs
import Systems

/// One process's place among those that a cluster's manager started for one run, as its environment says.
///
/// `ECHELON_JOB`, a text that no other start of the job has, may stand beside them.
///
/// Looked for in this order: `RANK` and `WORLD_SIZE` (torchrun, Kubernetes, scripts), `SLURM_PROCID` (srun),
/// `PET_NODE_RANK` (Kubeflow's trainer, which has torchrun in mind).
package struct JobEnvironment: Equatable, Sendable {
    package var rank: Int
    package var world: Int
    /// The variable that said how many there are, and what to change where that does not fit.
    package var worldName: String
    package var advice: String
    /// Which job it is, and which start of it: the same text for all its processes.
    package var identity: String
    /// Whether no other start has that text.
    package var isUnique: Bool
    /// Rank 0's host, as the others name it.
    package var master: String?
    /// A port of rank 0's host that is kept for this run; nil: any free one.
    package var port: UInt16?
    /// Other hosts that have to do with the job, the best first: rank 0's address is the one from which they are reached.
    package var peers: [String] = []
    /// Whether all processes are on one host.
    package var isOneHost: Bool

    /// - Returns: nil where no manager started this process.
    /// - Throws: bad input where a variable does not say what it should.
    package static func find(_ variables: [String: String]) throws(RunFailure) -> JobEnvironment? {
        let variables = Variables(values: variables)
        if variables.has("RANK"), variables.has("WORLD_SIZE") { return try processes(variables) }
        if variables.has("SLURM_PROCID") { return try slurm(variables) }
        return variables.has("PET_NODE_RANK") ? try kubeflow(variables) : nil
    }

    private static func processes(_ variables: Variables) throws(RunFailure) -> JobEnvironment {
        let world = try variables.count("WORLD_SIZE")
        // torchrun's own store listens at MASTER_PORT.
        let run = variables["TORCHELASTIC_RUN_ID"]
        let port = try variables.port("MASTER_PORT")
        let master = try variables.host("MASTER_ADDR")
        let job = variables["ECHELON_JOB"]
        let local = variables["LOCAL_WORLD_SIZE"].flatMap { Int($0) }
        let place = "\(master):\(port.map { "\($0)" } ?? "-")"
        return JobEnvironment(
            rank: try variables.rank("RANK", below: world), world: world, worldName: "WORLD_SIZE",
            advice: run == nil ? "as many processes" : "torchrun --nnodes and --nproc-per-node to match",
            identity: job.map { "job \($0)" }
                ?? run.map { "torchrun \($0) \(variables["TORCHELASTIC_RESTART_COUNT"] ?? "0") \(place)" }
                ?? "processes \(place)",
            isUnique: job != nil, master: master, port: run == nil ? port : nil,
            isOneHost: local == world || ["localhost", "127.0.0.1", "::1"].contains(master))
    }

    private static func slurm(_ variables: Variables) throws(RunFailure) -> JobEnvironment {
        guard variables.has("SLURM_STEP_ID") || variables.has("SLURM_STEP_NUM_TASKS") else {
            throw .badInput(
                "SLURM_PROCID without a step: a batch script starts its tasks by srun: `srun echelon worker PIPELINE`")
        }
        let name = variables.has("SLURM_STEP_NUM_TASKS") ? "SLURM_STEP_NUM_TASKS" : "SLURM_NTASKS"
        let world = try variables.count(name)
        let list = variables["SLURM_STEP_NODELIST"] ?? variables["SLURM_JOB_NODELIST"] ?? ""
        let nodes = NodeList.names(list)
        guard nodes != nil || list.isEmpty else {
            throw .badInput("SLURM_JOB_NODELIST: expected names of nodes, as n[1-4], got \(list.printable(limit: 80))")
        }
        let own = variables["SLURMD_NODENAME"]
        let numbers = ["SLURM_JOB_ID", "SLURM_STEP_ID", "SLURM_RESTART_COUNT"].map { variables[$0] ?? "0" }
        return JobEnvironment(
            rank: try variables.rank("SLURM_PROCID", below: world), world: world, worldName: name,
            advice: "--ntasks to match",
            identity: "slurm \(variables["SLURM_CLUSTER_NAME"] ?? "") \(numbers.joined(separator: " "))",
            isUnique: variables.has("SLURM_JOB_ID"), master: nodes?.first, port: nil,
            peers: [nodes?.first { $0 != own }, variables["SLURM_LAUNCH_NODE_IPADDR"]].compactMap(\.self),
            isOneHost: nodes?.count == 1)
    }

    private static func kubeflow(_ variables: Variables) throws(RunFailure) -> JobEnvironment {
        let world = try variables.count("PET_NNODES")
        if let each = variables["PET_NPROC_PER_NODE"], each != "1", each != "auto" {
            throw .badInput(
                "PET_NPROC_PER_NODE: expected 1: each pod is one worker of the pipeline, got \(each.printable(limit: 40))"
            )
        }
        let master = try variables.host("PET_MASTER_ADDR")
        let port = try variables.port("PET_MASTER_PORT")
        return JobEnvironment(
            rank: try variables.rank("PET_NODE_RANK", below: world), world: world, worldName: "PET_NNODES",
            advice: "as many nodes", identity: "nodes \(master):\(port.map { "\($0)" } ?? "-")", isUnique: false,
            master: master, port: port, isOneHost: world == 1)
    }
}

/// Variables of an environment, with what they may say.
private struct Variables {
    let values: [String: String]

    /// Only what is not empty.
    subscript(name: String) -> String? { values[name].flatMap { $0.isEmpty ? nil : $0 } }
    func has(_ name: String) -> Bool { self[name] != nil }

    func count(_ name: String) throws(RunFailure) -> Int {
        guard let number = self[name].flatMap({ UInt16($0) }), number > 0 else { throw wrong(name, "a number from 1") }
        return Int(number)
    }

    func rank(_ name: String, below world: Int) throws(RunFailure) -> Int {
        guard let number = self[name].flatMap({ UInt16($0) }), number < world else {
            throw wrong(name, "a rank from 0 to \(world - 1)")
        }
        return Int(number)
    }

    /// nil where there is none.
    func port(_ name: String) throws(RunFailure) -> UInt16? {
        guard let text = self[name] else { return nil }
        guard let port = UInt16(text), port > 0 else { throw wrong(name, "a port from 1 to 65535") }
        return port
    }

    func host(_ name: String) throws(RunFailure) -> String {
        guard let host = self[name], host.utf8.count <= 255, !host.contains(where: { " \t\n/".contains($0) }) else {
            throw wrong(name, "the name or number of rank 0's host")
        }
        return host
    }

    private func wrong(_ name: String, _ expected: String) -> RunFailure {
        .badInput("\(name): expected \(expected), got \(self[name].map { $0.printable(limit: 80) } ?? "nothing")")
    }
}
