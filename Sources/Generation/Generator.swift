import CPUDevices
import Datasets
import Families
import Manifests
import Planning
public import Runs
import Systems

/// Writes on from a prompt with a trained model, in this process, on one device.
///
/// Once a text is longer than the sequences that the model was trained with, it goes on from the later half of them.
///
///     let generator = try Generator(run: "runs/demo")
///     try generator.generate(after: [72, 105], count: 100, .init()) { tokens.append($0); return true }
public final class Generator {
    private let source: ModelSource
    private var run: GenerationRun?

    /// A generator with the model and the weights of a run, or of a pretrained model's folder or GGUF file.
    /// - Throws: bad input when there is no finished run, or one whose model does not write.
    public init(run path: String) throws(RunFailure) {
        source = try ModelSource(path: path)
        try source.checkWrites()
    }

    deinit { run?.close() }

    /// Hands every new token to `emit`, one by one; stops early when that returns false, behind a token that ends texts, and
    /// where a pretrained model reads no more.
    public func generate(after prompt: [Int32], count: Int, _ sampling: Sampling, emit: (Int32) -> Bool)
        throws(RunFailure)
    {
        let text = prompt.isEmpty ? [source.firstToken] : prompt
        let (positions, overflow) = text.count.addingReportingOverflow(max(count, 0))
        let run = try running(positions: overflow ? .max : positions)
        let request = GenerationRequest(
            prompt: text, count: count, sampling: sampling, endTokens: source.endTokens)
        do { _ = try run.generate([request], emit: { emit($1) }) } catch {
            run.close()
            self.run = nil
            throw RunFailure(wrapping: error)
        }
    }

    /// The one there is, where its caches are long enough.
    private func running(positions: Int) throws(RunFailure) -> GenerationRun {
        if let run, run.plan.capacity >= min(positions, source.window) { return run }
        run?.close()
        run = nil
        let plan = try GenerationPlan(source, devices: [.cpu(Cores.allowed.first ?? 0)], positions: positions, texts: 1)
        let made = try GenerationRun(plan, on: .threads)
        run = made
        return made
    }
}

extension ModelSource {
    /// Ids behind which a text ends.
    package var endTokens: Set<Int32> {
        let bytesEnd = family == nil && manifest?.writesEnds == true ? [ShardManifest.Tokenizer.bytesEnd] : []
        return Set(((family?.endTokens ?? []) + bytesEnd).compactMap { Int32(exactly: $0) })
    }

    /// What stands before a text without a prompt.
    package var firstToken: Int32 { family?.beginToken.flatMap { Int32(exactly: $0) } ?? 0 }

    /// Throws where the run's model was not trained to write text.
    package func checkWrites() throws(RunFailure) {
        guard family == nil, let manifest else { return }
        do {
            guard let obstacle = try manifest.obstacleToText() else { return }
            throw RunFailure.badInput("\(path.printable()): this model does not write text: \(obstacle)")
        } catch let error as RunFailure {
            throw error
        } catch {
            throw .badInput(error)
        }
    }
}
