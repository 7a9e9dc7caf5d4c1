import CPUDevices
import Coordination
import Datasets
import Families
import Foundation
package import Manifests
import Notation
import Planning
package import Runs
import Systems

/// The loss of a trained model on a file of samples or exchanges.
///
///     let evaluation = try ModelEvaluation(source, data: "test.jsonl", coding, devices: [.cpu(0), .cpu(1)], batch: 4)
///     print(try evaluation.loss().perplexity)
package struct ModelEvaluation {
    /// A stage for each core that this process may use.
    package static var usualStages: Int { max(1, min(Cores.allowed.count, 8)) }

    private var manifest: PipelineManifest
    /// What is rendered lies there while the loss is computed.
    private let rendered: ScratchFile?

    /// - Parameters:
    ///   - exchanges: what the file holds, rendered by `coding`; nil: it holds samples, or is a folder of shards.
    ///   - devices: one for each stage.
    ///   - batch: samples of a micro-batch.
    ///   - samples: the first so many; nil: all.
    package init(
        _ source: ModelSource, data path: String, _ exchanges: (list: [HeldOutExchange], coding: ExchangeCoding)?,
        devices: [PipelineManifest.Device], batch: Int, samples: Int?
    ) throws(RunFailure) {
        rendered = try exchanges.map { exchanges throws(RunFailure) in
            try Self.render(exchanges.list, exchanges.coding, window: source.window, path)
        }
        let isShards = exchanges == nil && File.isFolder(path)
        if isShards { try Self.checkTokenizer(of: path, source) }
        let file: PipelineManifest.Data =
            isShards ? .shards(path, order: .sequential) : .samples(rendered?.path ?? path, order: .sequential)
        manifest = PipelineManifest(
            source.model, name: "evaluate", devices: devices, data: file,
            batch: .init(micro: batch, microBatches: 2 * devices.count), steps: 1, partition: .parameters)
        manifest.marks = ["": Mark(file: "--data \(path.printable())", line: 0, column: 0)]
        manifest.evaluation = .init(file.source, every: 1, samples: samples, keepsBest: false)
        guard let run = source.manifest else {
            manifest.pretrained = .init(path: source.path)
            return
        }
        manifest.weights = RunDirectory(source.path).weightsPath
        guard run.lora != nil else { return }
        // The run's weights hold its adapters; the family says beside which matrices they stand.
        manifest.lora = run.lora
        manifest.lora?.from = nil
        if source.family != nil { manifest.pretrained = .init(path: source.familyPath) }
    }

    /// - Throws: bad input: samples that do not fit the model, or more memory than there is.
    package func loss() throws(RunFailure) -> EvaluationMetrics {
        // The run knows the rendered file by its path alone.
        defer { withExtendedLifetime(rendered) {} }
        return try EvaluationRun(manifest).run()
    }

    /// Shards that were prepared with another model's tokenizer say nothing about this one.
    private static func checkTokenizer(of path: String, _ source: ModelSource) throws(RunFailure) {
        guard source.family != nil else { return }
        do {
            let prepared = try ShardManifest.load(folder: path).tokenizer
            guard let tokenizer = try FamilyTokenizer.load(firstOf: source.familyPlaces),
                prepared.hash != ShardManifest.Tokenizer.hash(of: tokenizer)
            else { return }
            throw DatasetError.shards(
                path: path, expected: "tokens of the tokenizer of \(source.path.printable())",
                got: prepared.isBytes ? "bytes" : "those of another")
        } catch {
            throw .badInput("\(error)")
        }
    }

    /// Lines as `SampleFile` reads them.
    private static func render(
        _ exchanges: [HeldOutExchange], _ coding: ExchangeCoding, window: Int, _ path: String
    ) throws(RunFailure) -> ScratchFile {
        var text = ""
        for exchange in exchanges {
            let (ids, labels) = try coding.sample(exchange)
            guard (2...window + 1).contains(ids.count) else {
                throw .badInput(
                    "\(path.printable()):\(exchange.line): \(ids.count) tokens, expected 2 to \(window + 1), as the model reads them"
                )
            }
            text += "{\"input_ids\":\(ids),\"labels\":\(labels)}\n"
        }
        do { return try ScratchFile("echelon-evaluate", text.utf8) } catch { throw RunFailure(wrapping: error) }
    }
}
