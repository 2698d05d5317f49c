"""Language models as judges: rubrics, what they are asked, and what their answers come to."""
