package import Manifests
package import Runs
import Systems
import Transport

/// The hosts of one run, and what its workers on others than this one prove themselves by.
package struct Cluster: Sendable {
    /// Who starts the workers on other hosts.
    package enum Way: Sendable {
        /// This process, over ssh.
        case shell(RemoteShell)
        /// A job's manager has started them: they come by themselves, by the invitation.
        case job(Invitation)
    }

    /// By rank; empty text: this machine.
    package let hosts: [String]
    /// What a host file calls this machine.
    package let ownNames: Set<String>
    /// This machine's, by which the other hosts reach it; nil: all workers are here.
    package let address: String?
    package let keys: RunKeys
    package let way: Way

    package init(
        hosts: [String], ownNames: Set<String> = [], address: String?, keys: RunKeys, way: Way
    ) {
        (self.hosts, self.ownNames, self.address, self.keys, self.way) = (hosts, ownNames, address, keys, way)
    }

    /// Each once, in the order of their first ranks.
    package var distinctHosts: [String] {
        hosts.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    }

    /// Of a host file.
    /// - Parameter address: as the user gave it.
    /// - Throws: bad input: a mistake in the file, keys of the pipeline that do not go with it, no way to a host.
    package static func over(
        _ path: String, _ manifest: PipelineManifest, address: String?
    ) throws(RunFailure) -> Cluster {
        let file = try HostFile.read(path)
        try check(manifest, "--hosts starts a worker for each device")
        let names = namesOfThisMachine(file)
        let hosts = try hostsOfRanks(file, manifest, path: path, names)
        var address = address
        if address == nil { address = try own(toward: Set(hosts.filter { $0 != "" })) }
        return Cluster(
            hosts: hosts, ownNames: names, address: address, keys: RunKeys(RunSecret()), way: .shell(.usual))
    }

    /// A pipeline with the hosts of a file, to plan with; nothing is asked of them.
    /// - Throws: bad input: a mistake in the file, or no word of what joins its hosts.
    package static func planned(over path: String, _ manifest: PipelineManifest) throws(RunFailure) -> PipelineManifest
    {
        let file = try HostFile.read(path)
        var manifest = manifest
        guard let links = manifest.links else {
            throw .badInput(
                "--hosts: the pipeline does not say what joins them; add links: {gbps: 1, ms: 10}, or what `train --hosts` "
                    + "measured")
        }
        let own = namesOfThisMachine(file)
        manifest.hosts = try hostsOfRanks(file, manifest, path: path, own)
        manifest.links = links.seen(from: own)
        return manifest
    }

    /// What a file calls this machine.
    private static func namesOfThisMachine(_ file: HostFile) -> Set<String> {
        Set(file.entries.map(\.name).filter { Address.isOwn(host($0)) }).union([PipelineManifest.Links.own])
    }

    /// By rank; empty text: this machine.
    private static func hostsOfRanks(
        _ file: HostFile, _ manifest: PipelineManifest, path: String, _ own: Set<String>
    ) throws(RunFailure) -> [String] {
        try file.hosts(ofRanks: manifest.devices.count, path: path).map { own.contains($0) ? "" : $0 }
    }

    /// Starts a process of this program on another host, in the folder of the same path, with a rank's key.
    package func start(
        _ rank: Int, on host: String, over shell: RemoteShell, _ arguments: [String], environment: [String: String],
        _ pool: WorkerPool, log: Int32
    ) throws {
        let folder = String(try File.absolute("").dropLast())
        let command = shell.command(host: host, folder: folder, program: Program.path, arguments: arguments)
        var variables = environment
        variables[WorkerKeyVariable.name] = WorkerKeyVariable.text(try keys.worker(rank))
        try pool.start(rank, by: command, handing: try RemoteShell.handOver(variables), log: log)
    }

    /// What a pipeline may have that is for workers that the coordinator starts beside itself, or that somebody starts.
    /// - Parameter reason: why it is of no use.
    package static func check(_ manifest: PipelineManifest, _ reason: String) throws(RunFailure) {
        let keys: [(name: String, isSet: Bool)] = [
            ("by_hand", !manifest.byHand.isEmpty), ("mirror", manifest.mirror), ("recut", manifest.recut != nil),
            ("spares", !manifest.spares.isEmpty),
        ]
        guard let key = keys.first(where: { $0.isSet })?.name else { return }
        throw .badInput(
            "\(manifest.mark(of: key)): \(key): \(reason), and \(key) is for workers on one machine or by hand; "
                + "leave it out, or --set \(key)=\(key == "by_hand" || key == "spares" ? "[]" : key == "mirror" ? "false" : "null")"
        )
    }

    /// The host of `user@host`.
    private static func host(_ name: String) -> String {
        name.lastIndex(of: "@").map { String(name[name.index(after: $0)...]) } ?? name
    }

    /// This machine's address from which it reaches the others.
    private static func own(toward hosts: Set<String>) throws(RunFailure) -> String? {
        var found: [String: String] = [:]
        for name in hosts.sorted() {
            do throws(TransportError) { found[try Address.own(toward: host(name))] = name } catch {
                throw .badInput(
                    "--hosts: which address of this machine \(name) reaches is not known (its name leads nowhere here, as "
                        + "ssh's own names do): name it with --address")
            }
        }
        guard found.count <= 1 else {
            let list = found.sorted { $0.key < $1.key }.map { "\($0.key) to \($0.value)" }.joined(separator: ", ")
            throw .badInput("--hosts: this machine has several addresses (\(list)): name one with --address")
        }
        return found.keys.first
    }
}
