from assay.web.routing import Pages
pages = Pages()
