"""The computing core of *MMCL, Reproduced*: config -> experiment -> store -> claims and figures -> chapter.

In one's own script:

    from mmcl_core import catalog, losses, metrics
    from mmcl_core.evidence.ledger import evaluate

    results = catalog.results(tier="smoke")             # computed once, then taken from the store
    run = results("huang2024.figure1")                  # arrays by name, the seed axis first
    print(run.provenance, run["multi_accuracy"].mean(0))
    print(evaluate(catalog.find_claim("ren2023.d1"), "smoke", results).verdict)
    open("fig1.pdf", "wb").write(catalog.find_figure("huang2024.fig1").make(results).render("pdf"))
    loss = losses.clip_loss(image, text, temperature=0.07)  # torch, [B, D] each
    gap = metrics.modality_gap(image.numpy(), text.numpy())
"""

__version__ = "0.1.0"
