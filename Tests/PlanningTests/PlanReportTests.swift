import Foundation
import Planning
import TestPlans
import Testing

@Suite struct PlanReportTests {
    @Test func `the text holds layers, stages, crossings, schedule and manifest`() throws {
        let report = try PlanReport(
            Plans.make(model: Plans.portal, devices: "[cpu:0, cpu:1, cpu:2]", more: "partition: {cuts: [3, 4]}"),
            profiles: ProfileCache(folder: nil))
        let parts = report.text().split(separator: "Resolved manifest", maxSplits: 1)
        #expect(parts[0] == Self.golden)
        #expect(parts[1].contains("  devices: [cpu:0, cpu:1, cpu:2]"))
    }

    private static let golden = """
        3 stages, 4,424 parameters, 1f1b over 4 micro-batches, 32 tokens and 0.0005 GFLOP a step

        Layers (GFLOP of one micro-batch, forward and backward)
          #  layer      output of a micro-batch         parameters   GFLOP  stage
          0  embedding  f32[2 × 4 × 8]                       2,048  0.0000      0
          1  stash      f32[2 × 4 × 8]                           0  0.0000      0
          2  linear     f32[2 × 4 × 8]                          72  0.0000      0
          3  relu       f32[2 × 4 × 8]                           0  0.0000      1
          4  pop        f32[2 × 4 × 8], f32[2 × 4 × 8]           0  0.0000      2
          5  add        f32[2 × 4 × 8]                           0  0.0000      2
          6  linear     f32[2 × 4 × 256]                     2,304  0.0001      2

        Stages (state: weights, gradients, optimizer)
          stage  device  parameters   GFLOP   share  in flight     state  activations  transient   process    memory  layers
              0  cpu:0        2,120  0.0000   3.1 %          3  33.1 KiB      3.2 KiB      256 B  46.0 MiB  46.0 MiB  layers 0–2 (embedding, stash, linear)
              1  cpu:1            0  0.0000   0.2 %          2       0 B      2.0 KiB        0 B  46.0 MiB  46.0 MiB  layer 3 (relu)
              2  cpu:2        2,304  0.0001  96.7 %          1  36.0 KiB      9.3 KiB      256 B  46.0 MiB  46.0 MiB  layers 4–6 (pop, add, linear)

        Between stages (each micro-batch)
          stages  what      tensors         forward   back
          0 → 1   boundary  f32[2 × 4 × 8]    256 B  256 B
          0 → 2   portal    f32[2 × 4 × 8]    256 B  256 B
          1 → 2   boundary  f32[2 × 4 × 8]    256 B  256 B
          0 → 2   targets   i32[2 × 4]         40 B      –

        Schedule 1f1b
          rank 0 F0F1F2········B0──F3B1──··B2──··B3──
          rank 1 ··F0F1····B0──F2B1──F3B2──··B3──····
          rank 2 ····F0B0──F1B1──F2B2──F3B3──········

        Bubble (idle / wall): 33.3 % with equal stages; 65.8 % predicted from the stages' FLOPs
        Step: not predicted: no profile of this model on this machine; `echelon profile p/tiny.yaml`, with the same --set options, measures one


        """

    @Test func `the JSON reads back, in snake case`() throws {
        let json = try PlanReport(Plans.make()).json()
        let object = try #require(try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
        #expect(object["version"] as? Int == 1 && object["micro_batches"] as? Int == 4)
        #expect(
            (object["layers"] as? [[String: Any]])?.map { "\($0["name"] ?? "") \($0["kind"] ?? "")" } == [
                "0 embedding", "1.attention transformer", "1.mlp transformer", "2.attention transformer",
                "2.mlp transformer", "3 linear",
            ])
        let stages = try #require(object["stages"] as? [[String: Any]])
        #expect(stages.map { $0["device"] as? String } == ["cpu:0", "cpu:1"])
        #expect(stages.allSatisfy { ($0["activation_bytes"] as? Int ?? 0) > 0 })
        #expect((object["ideal_bubble"] as? Double).map { abs($0 - 0.2) < 1e-9 } == true)
    }
}
