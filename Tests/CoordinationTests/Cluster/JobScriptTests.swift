import Coordination
import Manifests
import Notation
import Runs
import TestPlans
import Testing

@Suite struct JobScriptTests {
    private func script(_ more: String = "", name: String? = nil) throws -> JobScript {
        try JobScript(
            Plans.manifest(more: more), path: "pipelines/my run.yaml", overrides: ["steps=5"], runDirectory: "runs/x",
            name: name, program: "/opt/echelon")
    }

    @Test func `a batch script has a task for each device, and is queued again after a lost one`() throws {
        var settings = SlurmSettings()
        (settings.nodes, settings.time, settings.more) = ("1-2", "2:00:00", ["--qos=high"])
        let text = try script(name: "tiny").slurm(settings)
        let options = text.split(separator: "\n").filter { $0.hasPrefix("#SBATCH ") }.map { $0.dropFirst(8) }
        #expect(
            options == [
                "--job-name=tiny", "--ntasks=2", "--cpus-per-task=1", "--nodes=1-2", "--time=2:00:00", "--qos=high",
                "--exclusive", "--requeue", "--signal=B:USR1@60", "--open-mode=append", "--output=tiny-%j.out",
            ])
        #expect(
            text.contains(
                "srun --kill-on-bad-exit=1 --cpu-bind=none /opt/echelon worker 'pipelines/my run.yaml' --set "
                    + "'steps=5' --run-dir runs/x &\n"))
        #expect(text.contains("scontrol requeue"))
    }

    @Test(arguments: ["2 --wrap=x", "2\n#SBATCH --x", "", "2#", "\"2\""])
    func `a setting is one option and no more`(value: String) throws {
        var settings = SlurmSettings()
        settings.nodes = value
        #expect(message { try script().slurm(settings) }.hasPrefix("--nodes "))
        settings = SlurmSettings()
        settings.more = ["qos"]
        #expect(message { try script().slurm(settings) }.hasPrefix("--sbatch qos: expected an option"))
    }

    /// The published schema's own check is in Benchmarks/clusters: it needs packages from elsewhere.
    @Test func `a JobSet has a pod for each device, and its first one's name in all of them`() throws {
        let text = try script(name: "tiny").kubernetes(KubernetesSettings(image: "r/e:1", claim: "shared"))
        for line in [
            "apiVersion: jobset.x-k8s.io/v1alpha2", "kind: JobSet", "completions: 2", "parallelism: 2",
            "- {name: WORLD_SIZE, value: \"2\"}", "- {name: MASTER_ADDR, value: tiny-workers-0-0.tiny}",
            "image: \"r/e:1\"", "- \"/opt/echelon\"", "- \"pipelines/my run.yaml\"",
            "persistentVolumeClaim: {claimName: \"shared\"}",
        ] {
            #expect(
                text.split(separator: "\n").contains { $0.trimmingPrefix { $0 == " " } == line }, "\(line)\n\(text)")
        }
        #expect(message { try script().kubernetes(KubernetesSettings(image: "a b", claim: "c")) }.hasPrefix("--image"))
        #expect(
            message { try script().kubernetes(KubernetesSettings(image: "a", claim: "c", mount: "data")) }
                .hasPrefix("--mount data: expected a path from the root"))
    }

    @Test func `names are such as hosts have`() throws {
        #expect(try script().fileName("sbatch") == "tiny.sbatch")
        for name in ["Big", "1x", "x-", "", "a_b", String(repeating: "x", count: 41)] {
            #expect(message { try script(name: name) }.hasPrefix("--name "), "\(name)")
        }
    }

    @Test(arguments: [("restart: {attempts: 3}", "restart"), ("elastic: true", "elastic"), ("by_hand: [1]", "by_hand")])
    func `what a job's manager does itself is refused at its place`(line: String, key: String) {
        let said = message { try script(line + "\ncheckpoint: {every: 5}") }
        #expect(said.contains("p/tiny.yaml:") && said.contains(": \(key): a job's manager starts"), "\(said)")
    }
}
