import Checkpoints
import Datasets
import Glibc
import Optimizers
import Runs
import Systems
import Testing
import Transport

@Suite struct RunFailureTests {
    /// 70 is for what only we can cause: a full disk or a refused process is no bug.
    @Test(
        arguments: [
            (SystemError("start", "echelon", errno: EAGAIN), .interrupted),
            (SystemError("start", "echelon", errno: ENOMEM), .interrupted),
            (SystemError("write", "x", errno: ENOSPC), .interrupted),
            (SystemError("open", "x", errno: EMFILE), .interrupted),
            (SystemError("open", "x", errno: ENOENT), .badInput),
            (SystemError("read", "x", .tooLarge(bytes: 2, limit: 1)), .badInput),
            (CheckpointError.space(path: "x", needed: 2, free: 1), .interrupted),
            (OptimizerError(setting: "loss scale", expected: "x", got: "y"), .diverged),
            (DatasetError.thread(reason: "x"), .interrupted),
            (RunError.notARun(path: "x", reason: "y"), .badInput),
            (TransportError.system("bind", code: EADDRINUSE), .badInput),
            (TransportError.system("make a socket", code: EMFILE), .interrupted),
        ] as [(any Error, ExitCode)])
    func `what a user's world causes has its code by type`(error: any Error, code: ExitCode) {
        #expect(RunFailure(wrapping: error).code == code)
    }
}
