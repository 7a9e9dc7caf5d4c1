import Coordination
import Runs
import TestPlans
import Testing
import Transport

@Suite struct JobEnvironmentTests {
    private func find(_ text: String) throws -> JobEnvironment? {
        var variables: [String: String] = [:]
        for pair in text.split(separator: " ") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            variables[String(parts[0])] = String(parts[1])
        }
        return try JobEnvironment.find(variables)
    }

    @Test func `a process that no manager started is in no job`() throws {
        #expect(try find("HOME=/root SLURM_JOB_ID=4") == nil)
        #expect(try find("RANK=1") == nil)
    }

    @Test func `srun's tasks know their rank, rank 0's host and which start of the job it is`() throws {
        let base = "SLURM_JOB_ID=17 SLURM_STEP_ID=0 SLURM_NTASKS=4 SLURM_JOB_NODELIST=n[07-08],m1 SLURMD_NODENAME=n07"
        let job = try #require(try find(base + " SLURM_PROCID=2 SLURM_STEP_NUM_TASKS=3"))
        #expect(job.rank == 2 && job.world == 3 && job.master == "n07" && job.peers == ["n08"] && !job.isOneHost)
        #expect(job.isUnique && job.port == nil)
        let again = try #require(try find(base + " SLURM_PROCID=0 SLURM_RESTART_COUNT=1"))
        #expect(again.world == 4 && again.identity != job.identity)
    }

    @Test func `torchrun's own store keeps its port, and another start of it has another name`() throws {
        let base = "RANK=1 WORLD_SIZE=2 MASTER_ADDR=node-a MASTER_PORT=29500"
        let plain = try #require(try find(base))
        #expect(plain.port == 29500 && plain.master == "node-a" && !plain.isUnique && !plain.isOneHost)
        let torchrun = try #require(try find(base + " TORCHELASTIC_RUN_ID=x TORCHELASTIC_RESTART_COUNT=1"))
        #expect(torchrun.port == nil && torchrun.identity != plain.identity)
        #expect(try find(base + " LOCAL_WORLD_SIZE=2")?.isOneHost == true)
        #expect(try find(base + " ECHELON_JOB=uid")?.isUnique == true)
        // Inside a Slurm job.
        #expect(try find(base + " SLURM_PROCID=0 SLURM_STEP_ID=0 SLURM_NTASKS=1")?.rank == 1)
    }

    @Test func `a node of Kubeflow's trainer is a rank`() throws {
        let base = "PET_NODE_RANK=1 PET_NNODES=2 PET_MASTER_ADDR=job-node-0-0.job PET_MASTER_PORT=29400"
        let job = try #require(try find(base + " PET_NPROC_PER_NODE=1"))
        #expect(job.rank == 1 && job.world == 2 && job.port == 29400 && job.master == "job-node-0-0.job")
        #expect(message { try find(base + " PET_NPROC_PER_NODE=4") }.hasPrefix("PET_NPROC_PER_NODE: expected 1"))
    }

    @Test(arguments: [
        ("RANK=2 WORLD_SIZE=2 MASTER_ADDR=a", "RANK: expected a rank from 0 to 1, got 2"),
        ("RANK=-1 WORLD_SIZE=2 MASTER_ADDR=a", "RANK: expected a rank from 0 to 1, got -1"),
        ("RANK=0 WORLD_SIZE=0 MASTER_ADDR=a", "WORLD_SIZE: expected a number from 1, got 0"),
        ("RANK=0 WORLD_SIZE=2", "MASTER_ADDR: expected the name or number of rank 0's host, got nothing"),
        ("RANK=0 WORLD_SIZE=2 MASTER_ADDR=a MASTER_PORT=99999", "MASTER_PORT: expected a port from 1 to 65535"),
        ("SLURM_PROCID=0 SLURM_NTASKS=2", "SLURM_PROCID without a step: a batch script starts its tasks by srun"),
        ("SLURM_PROCID=0 SLURM_STEP_ID=0 SLURM_NTASKS=2 SLURM_JOB_NODELIST=n[1-", "SLURM_JOB_NODELIST: expected names"),
        ("PET_NODE_RANK=0 PET_NNODES=1:4 PET_MASTER_ADDR=a", "PET_NNODES: expected a number from 1, got 1:4"),
    ])
    func `a variable that does not say what it should is refused by name`(text: String, start: String) {
        let said = message { try find(text) }
        #expect(said.hasPrefix(start), "\(said)")
    }

    @Test func `lists of nodes stand for their names, and long ones for no memory`() {
        #expect(NodeList.names("n[1-3,07],gpu") == ["n1", "n2", "n3", "n07", "gpu"])
        #expect(NodeList.names("r[1-2]n[08-09]x") == ["r1n08x", "r1n09x", "r2n08x", "r2n09x"])
        for text in ["", "n[", "n]", "n[3-1]", "n[a]", "n[1-4000000000]", "a[1-60000]b[1-60000]", "n[1-2-3]", "n[]"] {
            #expect(NodeList.names(text) == nil, "\(text)")
        }
    }

    @Test func `an invitation is of one start of one job, and of one pipeline`() throws {
        let job = try #require(try find("SLURM_JOB_ID=17 SLURM_STEP_ID=0 SLURM_NTASKS=2 SLURM_PROCID=1"))
        let invitation = try Invitation(beside: "runs/x/", job, pipeline: "steps: 1")
        #expect(invitation.path == "runs/x.job")
        let head = "job: \(invitation.job)\npipeline: \(invitation.pipeline)\n"
        let secret = "secret: \(invitation.secret.text)\n"
        #expect(
            try invitation.answer(head + secret + "coordinator: tcp://10.0.0.1:5\n")
                == .coordinator("tcp://10.0.0.1:5", invitation.secret))
        #expect(try invitation.answer(head + "over: 64, 1700000000\n") == .over(64, 1_700_000_000))
        for text in ["", "x", head, head + secret, "job: another\n" + head.dropFirst(10), head + "over: 64\n"] {
            #expect(try invitation.answer(text) == nil, "\(text)")
        }
        let other = try Invitation(beside: "runs/x", job, pipeline: "steps: 2")
        #expect(message { try other.answer(head + secret) }.hasPrefix("the pipeline of this process is "))
    }
}
