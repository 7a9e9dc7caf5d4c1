import Scheduling
import Testing

/// The schedules whose pipeline is folded in a V.
@Suite struct FoldedTests {
    @Test func `ZB-V and V-Half are drawn as in their documentation`() throws {
        #expect(
            try Schedule.zeroBubbleV(ranks: 2, microBatches: 4).grid() == """
                rank 0 0F00F10F23F03I03W03F10I00W00F33I13W13F20I10W13I23W23F33I30I20W20I30W33W3···
                rank 1 ···1F02F01F12F12I01I01W01F22W02F22I11I11W11F32W12F32I21I22I31I31W21W32W22W3
                """)
        #expect(
            try Schedule.vHalf(ranks: 3, microBatches: 4).grid() == """
                rank 0 0F00F1·········5F05I05W00F2···5F15I15W10I00W00F35F25I25W20I10W15F35I30I25W30W2···0I30W3
                rank 1 ···1F0······4F01F1···4I04W04F11F21I04I14W14F21W01F31I14I24W24F31W11I24I31W24W31I31W3···
                rank 2 ······2F03F0······2F13F13I03W02I02W02F23F23I13W12I12W12F33F33I22I23W22W23I32I33W32W3···
                """)
    }

    @Test func `ZB-V is drawn for four ranks and eight micro-batches`() throws {
        #expect(
            try Schedule.zeroBubbleV(ranks: 4, microBatches: 8).grid() == """
                rank 0 0F00F10F20F30F40F50F67F07I07W07F17I17W17F27I27W27F30I00W00F77I37W37F40I10W17I47W47F50I20W2\
                7I57W57F60I30W37I67W67F77I70I40W40I50W50I60W60I70W77W7·········
                rank 1 ···1F01F11F21F31F46F01F56F16I06W06F26I16W16F31I01W01F66I26W26F41I11W11F76I36W36F51I21W26I4\
                6W46F61I31W36I56W56F76I61I46I71I51W41I61W51I71W61W76W66W7······
                rank 2 ······2F02F12F25F02F35F12F45F25I05W05F32I02W02F55I15W15F42I12W12F65I25W25F52I22W22F75I35W3\
                5F62I32W35I45W45F75I52I45I62I55I72I62W42I72W52W62W75W55W65W7···
                rank 3 ·········3F04F03F14F13F24F23F34F34I03I03W03F44W04F44I13I13W13F54W14F54I23I23W23F64W24F64I3\
                3I33W33F74W34F74I43I44I53I54I63I64I73I73W43W53W63W74W44W54W64W7
                """)
        #expect(
            try Schedule.vHalf(ranks: 4, microBatches: 8).grid() == """
                rank 0 0F00F10F2············7F07I07W00F3···7F17I17W10F4···7F27I27W20I00W00F57F37I37W30I10W10F67F4\
                7I47W40I20W20F77F57I57W50I30W37F67I67W60I40W4···7F77I70I57W70W5···0I60W60I70W7
                rank 1 ···1F01F1·········6F01F2···6I06W06F11F3···6I16W16F21F41I06I26W26F31W01F51I16I36W36F41W11F6\
                1I26I46W46F51W21F71I36I56W56F61W3···1I46I66W66F71I51W46I71W56W71I61W61I71W7···
                rank 2 ······2F02F1···5F0······2F25F15I05W0···2F35F25I15W12I02W02F45F35I25W22I12W12F55F45I35W32I2\
                2W22F65F55I45W42I32W32F75F65I55W52I42W45F75I62I55W62W5···5I72I65W72I72W62W7···
                rank 3 ·········3F04F03F14F1······3F2···4I04W04F23F33I04I14W14F33W03F43I14I24W24F43W13F53I24I34W3\
                4F53W23F63I34I44W44F63W33F73I44I54W54F73I53W44I63I63W54W63W64I73I74W73W7······
                """)
    }

    @Test func `rank r owns stage r and stage 2p − 1 − r`() {
        #expect(Schedule.zeroBubbleV(ranks: 3, microBatches: 1).rankOfStage == [0, 1, 2, 2, 1, 0])
        #expect(Schedule.vHalf(ranks: 1, microBatches: 1).rankOfStage == [0, 0])
    }

    @Test func `ZB-V idles only while the last rank waits for its first forward`() throws {
        for ranks in 1...12 {
            for microBatches in ranks...(3 * ranks) {
                let step = try unitStep(.zeroBubbleV(ranks: ranks, microBatches: microBatches))
                #expect(step.makespan == Double(6 * microBatches + ranks - 1), "\(ranks) \(microBatches)")
                #expect(step.busy == [Double](repeating: Double(6 * microBatches), count: ranks))
            }
        }
    }

    @Test func `with micro-batches enough, no rank of ZB-V idles from its first instruction to its last`() throws {
        for ranks in 1...12 {
            for microBatches in (2 * ranks)...(4 * ranks + 1) {
                let step = try unitStep(.zeroBubbleV(ranks: ranks, microBatches: microBatches))
                for (begin, end) in zip(step.begin, step.end) { #expect(end - begin == Double(6 * microBatches)) }
                // Without a barrier nothing comes between two steps.
                #expect(step.period(StepEnd(optimizer: step.end.map { _ in 0 })) == Double(6 * microBatches))
            }
        }
    }

    @Test func `ZB-V holds as much as 1F1B`() {
        for ranks in 1...12 {
            for microBatches in 1...(3 * ranks) {
                let schedule = Schedule.zeroBubbleV(ranks: ranks, microBatches: microBatches)
                for rank in 0..<ranks { #expect(schedule.inFlight(rank: rank) <= 2 * ranks) }
            }
        }
    }

    @Test func `V-Half holds half and idles about half of 1F1B`() throws {
        for ranks in 1...12 {
            let bound = ranks.isMultiple(of: 2) ? ranks + 2 : ranks + 1
            for microBatches in 1...(3 * ranks) {
                let schedule = Schedule.vHalf(ranks: ranks, microBatches: microBatches)
                for rank in 0..<ranks {
                    #expect(schedule.inFlight(rank: rank) <= bound)
                    #expect(schedule.inFlight(rank: rank, until: .inputGradient) <= schedule.inFlight(rank: rank))
                }
                // In its half-size units 1F1B would idle for 6 · (p − 1).
                guard microBatches >= ranks else { continue }
                let idle = try unitStep(schedule).makespan - Double(6 * microBatches)
                #expect(idle <= Double(6 * (ranks - 1)) * 0.53 + 0.5, "\(ranks) \(microBatches) \(idle)")
            }
        }
    }
}
